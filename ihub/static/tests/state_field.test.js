import { expect, test } from "@odoo/hoot";
import { press, queryAllAttributes, queryFirst, queryRect } from "@odoo/hoot-dom";
import { animationFrame } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    defineParams,
    fields,
    mockService,
    models,
    mountView,
} from "@web/../tests/web_test_helpers";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";

const OUTCOMES = {
    selection: [
        ["done", "Done"],
        ["failed", "Failed"],
        ["incomplete", "Incomplete"],
        ["odd", "Odd"],
    ],
    looks: {
        done: ["fa-check", "success"],
        failed: ["fa-times-circle", "danger"],
        incomplete: ["fa-wrench", "warning"],
    },
};

class Run extends models.Model {
    _name = "run";

    state = fields.Selection(OUTCOMES);
    last_run_state = fields.Selection(OUTCOMES);
    strip = fields.Char();

    _records = [
        {
            id: 1,
            state: "failed",
            strip: JSON.stringify([
                [5, "done", 1, "2025-03-01T12:00:00", null],
                [6, "failed", 9, "2025-03-01T13:00:00.25", "No"],
            ]),
        },
        { id: 2, state: "odd", strip: false },
    ];
}

defineMailModels();
defineModels([Run]);

function mountForm(resId) {
    return mountView({
        type: "form",
        resModel: "run",
        resId,
        arch: `
            <form>
                <field name="state" widget="ihub_state"/>
                <field name="strip" widget="ihub_run_strip"/>
            </form>`,
    });
}

test("a state is told by word and icon, not by colour alone", async () => {
    await mountForm(1);
    expect("[data-state=failed]").toHaveText("Failed");
    expect("[data-state=failed] .fa-times-circle").toHaveCount(1);
    expect("[data-state=failed]").toHaveClass("text-bg-danger");
    expect("[data-state=failed]").toHaveAttribute("data-severity", "danger");
});

test("an unknown state is shown all the same", async () => {
    await mountForm(2);
    expect("[data-state=odd]").toHaveText("Odd");
});

test("what is no list of runs is no strip", async () => {
    Run._records[1].strip = "REF0001";
    await mountForm(2);
    expect(".o_ihub_bar").toHaveCount(0);
});

test("each run is a bar, taller when it took longer, and told in words", async () => {
    await mountForm(1);
    expect(".o_ihub_bar").toHaveCount(2);
    expect(".o_ihub_bar_danger").toHaveCount(1);
    expect(".o_ihub_bar_danger").toHaveAttribute("title", /Failed.*9 s\nNo/s);
    expect(".o_ihub_strip").toHaveAttribute("aria-label", "The last 2 runs. Done: 1, Failed: 1.");
    const [done, failed] = document.querySelectorAll(".o_ihub_bar");
    expect(done.offsetHeight).toBeLessThan(failed.offsetHeight);
});

test("a run that is done but for some items is no green bar", async () => {
    Run._records[1].strip = JSON.stringify([
        [5, "incomplete", 1, "2025-03-01T12:00:00", "118 done, 2 to repair."],
    ]);
    await mountForm(2);
    expect(".o_ihub_bar").toHaveClass("o_ihub_bar_warning");
    expect(".o_ihub_bar").toHaveAttribute("title", /^Incomplete.*\n118 done, 2 to repair\.$/s);
    expect(".o_ihub_strip").toHaveAttribute("aria-label", "One run. Incomplete: 1.");
});

test("the keyboard reaches one bar, and the arrows lead to the others", async () => {
    mockService("action", { doAction: ({ res_id: id }) => expect.step(id) });
    await mountForm(1);
    const tabStops = () => queryAllAttributes(".o_ihub_bar", "tabindex");
    expect(tabStops()).toEqual(["-1", "0"]);
    await contains(".o_ihub_bar_danger").focus();
    await press("ArrowLeft");
    await animationFrame();
    expect(".o_ihub_bar_success").toBeFocused();
    expect(tabStops()).toEqual(["0", "-1"]);
    await press("ArrowLeft");
    await press("Enter");
    expect.verifySteps([5]);
    await press("ArrowRight");
    expect(".o_ihub_bar_danger").toBeFocused();
});

test("where one reads from right to left, so do the bars and the arrows", async () => {
    defineParams({ lang_parameters: { direction: "rtl" } });
    await mountForm(1);
    queryFirst(".o_ihub_strip").style.direction = "rtl";
    expect(queryRect(".o_ihub_bar_danger").x).toBeLessThan(queryRect(".o_ihub_bar_success").x);
    await contains(".o_ihub_bar_danger").focus();
    await press("ArrowRight");
    await animationFrame();
    expect(".o_ihub_bar_success").toBeFocused();
});
