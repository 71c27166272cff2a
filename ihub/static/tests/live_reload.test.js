import { EventBus } from "@odoo/owl";
import { expect, test } from "@odoo/hoot";
import { advanceTime, mockDate } from "@odoo/hoot-mock";

import { HEARTBEAT, LiveReload, PAUSE, POLL } from "@ihub/live/live_reload";

/** What LiveReload uses of the service bus_service. */
class FakeBus extends EventBus {
    workerState = "CONNECTED";

    start() {}

    subscribe(type, callback) {
        this.callback = callback;
    }

    unsubscribe() {
        this.callback = () => {};
    }

    notify(...ids) {
        this.callback({ ids });
    }
}

function setUp(params = {}) {
    mockDate("2025-03-01 12:00:00");
    const bus = new FakeBus();
    const live = new LiveReload(bus, { reload: async () => expect.step("reload"), ...params });
    live.start();
    return { bus, live };
}

test("a change is shown soon", async () => {
    const { bus, live } = setUp();
    await advanceTime(PAUSE);
    bus.notify(1);
    await advanceTime(1);
    expect.verifySteps(["reload"]);
    live.stop();
});

test("many changes lead to few reloads, and the last one is not forgotten", async () => {
    const { bus, live } = setUp();
    await advanceTime(PAUSE);
    for (let change = 0; change < 50; change++) {
        bus.notify(1);
    }
    await advanceTime(1);
    expect.verifySteps(["reload"]);
    for (let change = 0; change < 50; change++) {
        bus.notify(1);
    }
    await advanceTime(PAUSE / 2);
    expect.verifySteps([]);
    await advanceTime(PAUSE);
    expect.verifySteps(["reload"]);
    live.stop();
});

test("changes of what is not on screen are passed over", async () => {
    const { bus, live } = setUp({ concerns: (ids) => ids.includes(7) });
    bus.notify(1, 2);
    await advanceTime(2 * PAUSE);
    expect.verifySteps([]);
    bus.notify(2, 7);
    await advanceTime(PAUSE);
    expect.verifySteps(["reload"]);
    live.stop();
});

test("nobody is disturbed while editing; afterwards it is made up for", async () => {
    let isBusy = true;
    const { bus, live } = setUp({ isBusy: async () => isBusy });
    bus.notify(1);
    await advanceTime(5 * PAUSE);
    expect.verifySteps([]);
    isBusy = false;
    await advanceTime(PAUSE);
    expect.verifySteps(["reload"]);
    live.stop();
});

test("a reload that was put off is made up for", async () => {
    let isPutOff = true;
    const { bus, live } = setUp({ reload: async () => expect.step("reload") || !isPutOff });
    const { at } = live.freshness;
    bus.notify(1);
    await advanceTime(PAUSE);
    expect.verifySteps(["reload"]);
    expect(live.freshness.at).toBe(at);
    isPutOff = false;
    await advanceTime(PAUSE);
    expect.verifySteps(["reload"]);
    expect(live.freshness.at).not.toBe(at);
    live.stop();
});

test("a tooltip under a resting mouse holds nothing up", async () => {
    const { bus, live } = setUp();
    const popover = document.createElement("div");
    popover.className = "o_popover";
    popover.innerHTML = `<div class="o-tooltip">What the button does</div>`;
    document.body.append(popover);
    bus.notify(1);
    await advanceTime(PAUSE);
    expect.verifySteps(["reload"]);
    popover.remove();
    live.stop();
});

test("an open menu stays open", async () => {
    const { bus, live } = setUp();
    const menu = document.createElement("div");
    menu.className = "o-dropdown--menu";
    document.body.append(menu);
    bus.notify(1);
    await advanceTime(3 * PAUSE);
    expect.verifySteps([]);
    menu.remove();
    await advanceTime(PAUSE);
    expect.verifySteps(["reload"]);
    live.stop();
});

test("a menu that is opened while the server is answering stays open, too", async () => {
    const menu = document.createElement("div");
    menu.className = "o-dropdown--menu";
    const { bus, live } = setUp({
        reload: async (wouldDisturb) => {
            document.body.append(menu);
            expect.step((await wouldDisturb()) ? "put off" : "shown");
            return false;
        },
    });
    bus.notify(1);
    await advanceTime(PAUSE);
    expect.verifySteps(["put off"]);
    menu.remove();
    live.stop();
});

test("without a connection it looks by itself", async () => {
    const { bus, live } = setUp();
    bus.workerState = "DISCONNECTED";
    await advanceTime(POLL + PAUSE);
    expect.verifySteps(["reload"]);
    live.stop();
});

test("with a connection it looks seldom", async () => {
    const { live } = setUp();
    await advanceTime(HEARTBEAT - POLL);
    expect.verifySteps([]);
    await advanceTime(POLL + PAUSE);
    expect.verifySteps(["reload"]);
    live.stop();
});

test("a connection that comes back may have missed something", async () => {
    const { bus, live } = setUp();
    bus.trigger("BUS:RECONNECT");
    await advanceTime(PAUSE);
    expect.verifySteps(["reload"]);
    live.stop();
});

test("a reload that fails says so once, and is not the last one", async () => {
    expect.errors(1);
    const { bus, live } = setUp({
        reload: async () => {
            expect.step("reload");
            throw new Error("Too busy.");
        },
    });
    for (let change = 0; change < 3; change++) {
        await advanceTime(PAUSE);
        bus.notify(1);
        await advanceTime(1);
    }
    expect.verifySteps(["reload", "reload", "reload"]);
    expect.verifyErrors(["Too busy."]);
    live.stop();
});

test("what has left the screen is not reloaded", async () => {
    const { bus, live } = setUp();
    bus.notify(1);
    live.stop();
    await advanceTime(HEARTBEAT + POLL);
    expect.verifySteps([]);
});
