/** Steps that several tours share. They work at desktop and at phone width. */

const STATUSBAR = ".o_statusbar_buttons";

/** Press a button in the header of a form; on a phone it may be in the menu behind the first. */
export function pressInHeader(name) {
    return [
        {
            content: `Look for ${name} behind the first button`,
            isActive: ["mobile"],
            trigger: STATUSBAR,
            run() {
                if (!document.querySelector(`${STATUSBAR} > button[name=${name}]`)) {
                    document.querySelector(`${STATUSBAR} .o-dropdown`).click();
                }
            },
        },
        {
            content: `Press ${name}`,
            trigger: `button[name=${name}]:visible:enabled`,
            run: "click",
        },
    ];
}

/**
 * The card of an integration, with the words of its badge where they are given.
 *
 * On the board: on a phone its events are cards, too, and bear its name while that page is left.
 */
export function card(name, badge) {
    const state = badge ? `:has(.o_ihub_health:contains(${badge}))` : "";
    return `.o_ihub_board .o_kanban_record:contains(${name})${state}`;
}

export function isInState(label) {
    return {
        content: `The page says ${label}, without being reloaded`,
        // Off and New are its badge as well, and stand there once.
        trigger: ["state", "health"]
            .map((name) => `.o_form_sheet [name=${name}] [data-state]:contains(${label})`)
            .join(", "),
    };
}

export function confirmRun() {
    return [
        {
            content: "The dialog says what will happen",
            trigger: ".modal .o_field_widget[name=preview]:contains(One run)",
        },
        { content: "Run", trigger: ".modal button[name=action_run]:enabled", run: "click" },
        { content: "The dialog is closed", trigger: "body:not(:has(.modal))" },
    ];
}

/** In the settings of the demo: tick or untick that it fails on purpose, and come back. */
export function toggleFailure() {
    return [
        ...pressInHeader("open_settings"),
        {
            content: "Change whether it fails on purpose",
            trigger: ".o_form_view .o_field_widget[name=fail_run] input",
            run: "click",
        },
        {
            content: "Save",
            trigger: ".o_form_button_save:enabled",
            run: "click",
        },
        { content: "It is saved", trigger: ".o_form_saved" },
        { content: "Back to the page", trigger: ".o_back_button", run: "click" },
        { content: "The page is there", trigger: ".o_ihub_integration" },
    ];
}
