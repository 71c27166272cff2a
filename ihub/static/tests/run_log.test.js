import { beforeEach, expect, test } from "@odoo/hoot";
import { click, press, queryAllTexts, queryOne, scroll } from "@odoo/hoot-dom";
import { advanceTime, animationFrame, Deferred } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    fields,
    MockServer,
    mockService,
    models,
    mountView,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { INTERVAL, LAST_LOOKS, LIMIT, OVERLAP, PAGE, SETTLE } from "@ihub/run_log/run_log";

class Run extends models.Model {
    _name = "ihub.run";
    state = fields.Selection({
        selection: [
            ["running", "Running"],
            ["done", "Done"],
        ],
    });
    started_at = fields.Datetime();
    attempt = fields.Integer();
    _views = {
        form: `<form><field name="state"/><widget name="ihub_run_log"/></form>`,
    };
}

function line(id) {
    const level = id % 100 === 0 ? "error" : "info";
    const create_date = "2025-03-01 12:00:00";
    return { id, run_id: 1, level, summary: `line ${id}`, create_date, undone: false };
}

class Event extends models.Model {
    _name = "ihub.event";
    run_id = fields.Integer();
    level = fields.Char();
    summary = fields.Char();
    undone = fields.Boolean();
    create_date = fields.Datetime();
}

defineMailModels();
defineModels([Run, Event]);

const MATCHES = {
    "=": (value, expected) => value === expected,
    "<": (value, expected) => value < expected,
    ">": (value, expected) => value > expected,
    in: (value, expected) => expected.includes(value),
};

// The mock server does not sort by id.
let log;
// What a test waits for before it hands out what was found.
let answer;

let clock;

beforeEach(() => {
    clock = Date.now();
    patchWithCleanup(Date, { now: () => clock });
    Run._records = [{ id: 1, state: "running", started_at: "2025-03-01 12:00:00", attempt: 1 }];
    log = Array.from({ length: 1000 }, (_, index) => line(index + 1));
    answer = () => {};
    onRpc("ihub.event", "search_read", async ({ kwargs: { domain, order, limit } }) => {
        expect(order).toBe("id desc");
        const found = log.filter((record) =>
            domain.every(([name, operator, value]) => MATCHES[operator](record[name], value)),
        );
        await answer(domain);
        return found.reverse().slice(0, limit);
    });
});

const endRun = () => MockServer.env["ihub.run"].write([1], { state: "done" });
const summaries = () => queryAllTexts(".o_ihub_line_summary");

async function mount() {
    await mountView({ type: "form", resModel: "ihub.run", resId: 1 });
}

/** Let time pass; on a slow machine it would by itself. */
function advance(milliseconds) {
    clock += milliseconds;
    return advanceTime(milliseconds);
}

async function passTime(looks) {
    for (let look = 0; look < looks; look++) {
        await advance(INTERVAL);
        await animationFrame();
    }
}

test("the newest lines are shown, the newest at the bottom", async () => {
    await mount();
    expect(summaries().length).toBe(PAGE);
    expect(summaries().at(-1)).toBe("line 1000");
    const { scrollTop, scrollHeight, clientHeight } = queryOne(".o_ihub_run_log_lines");
    expect(scrollHeight - scrollTop - clientHeight).toBeLessThan(2);
});

const texts = (selector) => queryAllTexts(`.o_ihub_run_log_lines ${selector}`);

test("a run that has reported nothing yet says at once that it has begun", async () => {
    log = [];
    await mount();
    expect(texts(".o_ihub_begin")).toEqual(["13:00:00\nRun started."]);
    expect(".o_ihub_run_log_empty").toHaveCount(0);
    const high = queryOne(".o_ihub_run_log_lines").offsetHeight;
    expect(high).toBeLessThan(60);
    log = [line(1), line(2)];
    await passTime(1);
    expect(texts("> *").map((text) => text.split("\n").at(-1))).toEqual([
        "Run started.",
        "line 1",
        "line 2",
    ]);
    expect(queryOne(".o_ihub_run_log_lines").offsetHeight).toBeGreaterThan(high);
});

test("a further attempt begins below what the one before has reported", async () => {
    log = [1, 2, 3].map((id) => ({ ...line(id), create_date: `2025-03-01 12:00:0${id}` }));
    Object.assign(Run._records[0], { attempt: 2, started_at: "2025-03-01 12:00:03" });
    await mount();
    expect(texts("> *").map((text) => text.split("\n").at(-1))).toEqual([
        "line 1",
        "line 2",
        "Attempt 2 started.",
        "line 3",
    ]);
});

test("where earlier lines are to be fetched, the beginning is above them", async () => {
    await mount();
    expect(".o_ihub_begin").toHaveCount(0);
});

test("a level of which there is nothing says where the rest is", async () => {
    log = [line(1)];
    await mount();
    await endRun();
    await passTime(1);
    await click("[data-level=error]");
    await animationFrame();
    expect(texts(".o_ihub_run_log_empty")).toEqual([
        "Nothing of this level was reported. Press All to see the rest.",
    ]);
});

test("new lines appear while the run executes", async () => {
    await mount();
    log.push(line(1001));
    await advance(INTERVAL);
    await animationFrame();
    expect(summaries().at(-1)).toBe("line 1001");
    expect(summaries().length).toBe(PAGE + 1);
});

test("a line that comes into view late stands where it belongs", async () => {
    const [late] = log.splice(log.length - 3, 1);
    await mount();
    log.push(line(1001));
    await advance(INTERVAL);
    log.push(late);
    log.sort((a, b) => a.id - b.id);
    await advance(INTERVAL);
    await animationFrame();
    expect(summaries().slice(-4)).toEqual(["line 998", "line 999", "line 1000", "line 1001"]);
});

test("a hundred lines that come into view late stand where they belong", async () => {
    const late = log.splice(850, 100);
    await mount();
    for (let id = 1001; id <= 1000 + 2 * OVERLAP; id++) {
        log.push(line(id));
    }
    await passTime(SETTLE / INTERVAL - 2);
    log.push(...late);
    log.sort((a, b) => a.id - b.id);
    await passTime(1);
    const shown = summaries();
    expect(shown.length).toBe(PAGE + 2 * OVERLAP + late.length);
    expect(shown).toEqual(log.slice(-shown.length).map(({ summary }) => summary));
});

test("a first line that comes into view late is shown above the others", async () => {
    log = [line(2), line(3)];
    await mount();
    log.unshift(line(1));
    await passTime(1);
    expect(summaries()).toEqual(["line 1", "line 2", "line 3"]);
});

test("lines that have been there for long are not asked for again", async () => {
    answer = (domain) => {
        const condition = domain.find(([name]) => name === "id");
        if (condition) {
            expect.step(condition[2]);
        }
    };
    await mount();
    await passTime(1);
    expect.verifySteps([1000 - PAGE]);
    await passTime(SETTLE / INTERVAL - 2);
    expect.verifySteps(Array(SETTLE / INTERVAL - 2).fill(1000 - PAGE));
    await passTime(2);
    expect.verifySteps(Array(2).fill(1001 - OVERLAP));
});

test("a flood of lines does not fill the page", async () => {
    await mount();
    for (let id = 1001; id <= 6000; id++) {
        log.push(line(id));
    }
    await advance(INTERVAL);
    await animationFrame();
    expect(summaries().at(-1)).toBe("line 6000");
    expect(summaries().length).toBe(PAGE);
});

test("older lines are loaded, and the page stays small", async () => {
    await mount();
    for (let count = 0; count < 4; count++) {
        await click(".o_ihub_older");
        await animationFrame();
    }
    expect(summaries()[0]).toBe("line 1");
    expect(summaries().length).toBe(LIMIT);
    expect(".o_ihub_to_end").toHaveCount(1);
    await click(".o_ihub_to_end");
    await animationFrame();
    expect(summaries().at(-1)).toBe("line 1000");
});

test("levels can be chosen", async () => {
    await mount();
    await click("[data-level=error]");
    await animationFrame();
    expect(summaries().length).toBe(10);
    expect(summaries().at(-1)).toBe("line 1000");
});

test("nothing is asked once the run has ended", async () => {
    Run._records[0].state = "done";
    await mount();
    log.push(line(1001));
    await advance(INTERVAL * 3);
    await animationFrame();
    expect(summaries().at(-1)).toBe("line 1000");
});

test("what is written after the end of the run is shown as well", async () => {
    await mount();
    await passTime(1);
    endRun();
    await passTime(1);
    expect(".o_field_widget[name=state] input").toHaveValue("Done");
    log.push(line(1001));
    await passTime(1);
    expect(summaries().at(-1)).toBe("line 1001");
    // But not for ever.
    await passTime(LAST_LOOKS);
    log.push(line(1002));
    await passTime(LAST_LOOKS);
    expect(summaries().at(-1)).toBe("line 1001");
});

test("a line that was undone says so while the run executes", async () => {
    await mount();
    expect(".o_ihub_line_undone").toHaveCount(0);
    log[998].undone = true;
    await passTime(1);
    expect("[data-id='999'].o_ihub_line_undone").toHaveCount(1);
    expect(summaries().length).toBe(PAGE);
});

test("somebody who has scrolled up sees what a failed run has undone", async () => {
    await mount();
    await passTime(1);
    await scroll(".o_ihub_run_log_lines", { y: 100 });
    await animationFrame();
    log.forEach((record) => (record.undone = true));
    endRun();
    await passTime(2);
    expect(".o_ihub_to_end").toHaveCount(1);
    const errors = queryAllTexts(".o_ihub_line_error").length;
    expect(".o_ihub_line_undone").toHaveCount(summaries().length - errors);
});

test("an answer that comes too late does not mix the levels", async () => {
    await mount();
    const late = new Deferred();
    log.push(line(1001));
    answer = (domain) => domain.some(([name]) => name === "id") && late;
    await advance(INTERVAL);
    await click("[data-level=error]");
    await animationFrame();
    expect(summaries().length).toBe(10);
    late.resolve();
    await animationFrame();
    expect(summaries().at(-1)).toBe("line 1000");
    expect(summaries().length).toBe(10);
});

test("scrolling up stops following", async () => {
    await mount();
    await scroll(".o_ihub_run_log_lines", { y: 100 });
    await animationFrame();
    expect(".o_ihub_to_end").toHaveCount(1);
});

test("the keyboard reaches the log, and the arrows lead to its lines", async () => {
    mockService("action", { doAction: ({ res_id: id }) => expect.step(id) });
    await mount();
    await contains(".o_ihub_run_log_lines").focus();
    await press("ArrowUp");
    expect("[data-id='1000']").toBeFocused();
    await press("ArrowUp");
    await press("ArrowUp");
    await press("ArrowDown");
    expect("[data-id='999']").toBeFocused();
    await press("Enter");
    expect.verifySteps([999]);
    await press("ArrowDown");
    await press("ArrowDown");
    expect("[data-id='1000']").toBeFocused();
});
