import { registry } from "@web/core/registry";

import { card, confirmRun, isInState, pressInHeader } from "./steps";

// Made by the test, as operators cannot add integrations.
const NAME = "Parcels";

registry.category("web_tour.tours").add("ihub_operator_journey", {
    steps: () => [
        { content: "It is new", trigger: card(NAME, "New") },
        {
            content: "Operators add nothing",
            trigger: ".o_ihub_board:not(:has(.o-kanban-button-new))",
        },
        { content: "Start", trigger: `${card(NAME)} button[name=action_start]`, run: "click" },
        { content: "It runs", trigger: card(NAME, "OK") },
        {
            content: "Run it now",
            trigger: `${card(NAME)} button[name=action_run_manually]`,
            run: "click",
        },
        ...confirmRun(),
        {
            content: "The card shows the outcome without being reloaded",
            trigger: `${card(NAME)} .o_ihub_strip .o_ihub_bar_success`,
        },
        {
            content: "The warnings of today are one click away",
            trigger: `${card(NAME)} a[name=action_open_warnings_today]`,
            run: "click",
        },
        {
            content: "They are listed",
            trigger:
                ".o_list_view .o_data_row:contains(demonstration)," +
                " .o_ihub_events .o_kanban_record:contains(demonstration)",
        },
        {
            content: "Back to the board",
            trigger: ".o_back_button, .o_breadcrumb a:contains(Integrations)",
            run: "click",
        },
        {
            content: "Open the page",
            trigger: `${card(NAME)} .o_field_widget[name=name], ${card(NAME)}`,
            run: "click",
        },
        isInState("On"),
        {
            content: "Operators configure nothing",
            trigger: ".o_field_widget[name=name]:not(:has(input))",
        },
        ...pressInHeader("action_stop"),
        isInState("Off"),
    ],
});

registry.category("web_tour.tours").add("ihub_failed_card", {
    steps: () => [
        {
            content: "Run what will fail",
            trigger: `${card(NAME, "New")} button[name=action_run_manually]`,
            run: "click",
        },
        ...confirmRun(),
        {
            content: "Its card says so by itself; the reason leads to the error",
            trigger: `${card(NAME, "Run Failed")} a[name=action_open_error]:contains(told to fail)`,
            run: "click",
        },
        {
            content: "The run says what happened",
            trigger: ".o_ihub_run .o_ihub_alert:contains(told to fail)",
        },
        { content: "and reports it in its log", trigger: ".o_ihub_run :contains(Error)" },
    ],
});
