import { registry } from "@web/core/registry";

import { card, pressInHeader } from "./steps";

// Made by the test: the demo's web shop, of which one order has a wrong e-mail address.
const NAME = "Web shop";
const ORDER = "SO-4711";

const find = [
    {
        content: "Start it",
        trigger: `${card(NAME, "New")} button[name=action_start]`,
        run: "click",
    },
    {
        content: "Its card says by itself that one is to be repaired",
        trigger: `${card(NAME, "To Repair")} .o_ihub_sentence:contains(except one item)`,
    },
    {
        content: "So does the bar at the top",
        trigger: ".o_ihub_to_repair .badge:contains(1)",
    },
    {
        content: "Repair is what to press; there is one only, so it opens at once",
        trigger: `${card(NAME)} button.btn-primary[name=action_next_step]`,
        run: "click",
    },
];

const repair = [
    {
        content: "Its page says what is wrong",
        trigger:
            `.o_ihub_item:contains(${ORDER})` +
            " .alert-warning:contains(fatima.haddad(at)example.com)",
    },
    {
        content: "and shows its data, its lines as a table",
        trigger: ".o_ihub_item_data table td:contains(MUG-01)",
    },
    ...pressInHeader("action_change"),
    {
        content: "Press the address",
        trigger: ".modal .o_data_cell[name=value]:contains((at))",
        run: "click",
    },
    {
        content: "Correct it",
        trigger: ".modal .o_data_cell[name=value] textarea",
        run: "edit fatima.haddad@example.com",
    },
    {
        content: "Try it again",
        trigger: ".modal button[name=action_save_and_retry]:enabled",
        run: "click",
    },
    { content: "The dialog is closed", trigger: "body:not(:has(.modal))" },
    {
        content: "The page comes to say by itself that it is done",
        trigger: ".o_ihub_item .alert-success:contains(This item is done)",
    },
    {
        content: "and who has changed what",
        trigger: ".o-mail-Message:contains(fatima.haddad@example.com)",
    },
    ...pressInHeader("action_open_record"),
    {
        content: "There it is what it has become",
        trigger: ".o_form_view .o_field_widget[name=email]:contains(fatima.haddad@example.com)",
    },
];

const goBack = [
    { content: "Back to the item", trigger: ".o_back_button", run: "click" },
    { content: "It is still there", trigger: ".o_ihub_item" },
    { content: "Back to the board", trigger: ".o_back_button", run: "click" },
    { content: "The card is well again", trigger: card(NAME, "OK") },
    {
        content: "and the bar at the top has nothing to say",
        trigger: ".o_main_navbar:not(:has(.o_ihub_to_repair))",
    },
];

registry.category("web_tour.tours").add("ihub_repair_journey", {
    steps: () => [...find, ...repair, ...goBack],
});
