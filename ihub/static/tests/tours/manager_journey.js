import { registry } from "@web/core/registry";

import { card, confirmRun, isInState, pressInHeader, toggleFailure } from "./steps";

const NAME = "Journey";

const hasFailedRun = {
    content: "The page says that a run has failed, without being reloaded",
    trigger: ".o_form_view .o_field_widget[name=health] [data-state=run_failed]",
    timeout: 30000,
};

const add = [
    { content: "Add an integration", trigger: ".o-kanban-button-new", run: "click" },
    {
        content: "Look at the types",
        trigger: ".modal .o_field_widget[name=integration_type] input",
        run: "click",
    },
    {
        content: "Choose the demo",
        // On a phone it is in a sheet beside the dialog: there a tour may go with "body" only.
        trigger: "body .o_select_menu_item:contains(Demo Integration)",
        run: "click",
    },
    {
        content: "Read what it does",
        trigger: ".modal .o_field_widget[name=type_description]:contains(demonstrating)",
    },
    {
        content: "Name it",
        trigger: ".modal .o_field_widget[name=name] input",
        run: `edit ${NAME}`,
    },
    { content: "Add it", trigger: ".modal button[name=action_add]:enabled", run: "click" },
    isInState("New"),
];

const fail = [
    ...toggleFailure(),
    ...pressInHeader("action_start"),
    isInState("On"),
    { content: "Look at the schedule", trigger: ".nav-link[name=schedule]", run: "click" },
    { content: "The page says why it is locked", trigger: ".fa-lock:visible" },
    ...pressInHeader("action_run_manually"),
    ...confirmRun(),
    hasFailedRun,
    isInState("On"),
];

const understand = [
    {
        content: "The reason is on the page",
        trigger: ".alert:contains(told to fail)",
    },
    {
        content: "One click leads to the error",
        trigger: ".o_ihub_alert button[name=action_open_error]",
        run: "click",
    },
    { content: "The run says it too", trigger: ".o_ihub_run .o_ihub_alert:contains(told to fail)" },
    ...pressInHeader("action_open_integration"),
    hasFailedRun,
];

const repair = [
    ...toggleFailure(),
    ...pressInHeader("action_run_manually"),
    ...confirmRun(),
    {
        content: "The run is done, seen without reloading",
        trigger: ".o_field_widget[name=last_run_state] [data-state=done]",
    },
    {
        content: "The failed one is made up for",
        trigger: ".o_field_widget[name=health] [data-state=ok]",
        timeout: 30000,
    },
    ...pressInHeader("action_stop"),
    isInState("Off"),
];

const remove = [
    {
        content: "Open the menu of actions",
        trigger: ".o_cp_action_menus .dropdown-toggle",
        run: "click",
    },
    { content: "Delete", trigger: ".o-dropdown-item:contains(Delete)", run: "click" },
    { content: "Really", trigger: ".modal .modal-footer .btn-primary", run: "click" },
    {
        content: "The board is empty and says what to do",
        trigger: `.o_ihub_board:not(:has(${card(NAME)}))`,
    },
];

registry.category("web_tour.tours").add("ihub_manager_journey", {
    steps: () => [...add, ...fail, ...understand, ...repair, ...remove],
});
