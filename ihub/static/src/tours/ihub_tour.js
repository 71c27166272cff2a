import { markup } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const RUN_MANUALLY = "button[name=action_run_manually]";
const MORE = ".o_statusbar_buttons .o-dropdown";

/**
 * The first visit of a manager: add an integration, run it, read what it reported.
 *
 * Steps without a `run` wait in a test; people do not see them. On a phone there is no room for long
 * sentences beside what is in the middle.
 */
export const tour = {
    url: "/odoo",
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            // The step above is for tests: people would look for the app in a menu that is folded.
            isActive: ["manual", "community", "desktop"],
            trigger: ".o_navbar_apps_menu button:enabled",
            content: markup(_t("Here are your <b>apps</b>.")),
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            isActive: ["mobile"],
            trigger: ".o_menu_toggle",
            content: markup(_t("Here are your <b>apps</b>.")),
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            isActive: ["mobile"],
            trigger: ".o_sidebar_topbar a.btn-primary",
            content: _t("Look at all of them."),
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            trigger: ".o_app[data-menu-xmlid='ihub.ihub_menu_root']",
            content: markup(
                _t(
                    "Exchange data between Odoo and other systems: open the <b>Integration Hub</b>.",
                ),
            ),
            tooltipPosition: "right",
            run: "click",
        },
        { trigger: ".o_ihub_board" },
        {
            trigger: ".o-kanban-button-new",
            content: markup(_t("Let's add an <b>integration</b>. Nothing runs until you say so.")),
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=integration_type] input",
            content: markup(
                _t("Choose <b>what it should do</b>. Each type tells you more about itself."),
            ),
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            // People choose what they like: the next step comes as soon as they have.
            isActive: ["auto"],
            // On a phone it is in a sheet beside the dialog: there a test may go with "body" only.
            trigger: "body .o_select_menu_item:contains(Demo Integration)",
            run: "click",
        },
        {
            trigger: ".modal button[name=action_add]",
            content: markup(
                _t("Read what it does, give it a name that people recognize, and add it."),
            ),
            tooltipPosition: "top",
            run: "click",
        },
        { trigger: ".o_ihub_integration" },
        {
            isActive: ["mobile"],
            trigger: MORE,
            content: markup(_t("Here is what else you can do with it.")),
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            trigger: `${RUN_MANUALLY}:enabled`,
            content: markup(_t("Try it: <b>run it once</b>.")),
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            trigger: ".modal button[name=action_run]:enabled",
            content: markup(_t("This says what will happen. <b>Run</b> it.")),
            tooltipPosition: "top",
            run: "click",
        },
        {
            // A test is faster than the page: what is at work may be over when it is clicked.
            isActive: ["auto"],
            trigger: "button[name=action_open_last_run]",
            timeout: 60000,
        },
        {
            // Which of the two is there depends on how long the run takes.
            trigger: "button[name=action_open_current_run], button[name=action_open_last_run]",
            content: markup(_t("Open your <b>run</b>.")),
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            trigger: ".o_ihub_run .o_notebook [name=log]",
            content: markup(
                _t("Its <b>log</b>: everything it reports, while it runs and afterwards."),
            ),
            tooltipPosition: "top",
            run: "click",
        },
        { trigger: ".o_ihub_run .o_ihub_line" },
    ],
};

registry.category("web_tour.tours").add("ihub_tour", tour);
