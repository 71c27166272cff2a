import { EventBus } from "@odoo/owl";
import { Deferred, expect, test } from "@odoo/hoot";
import { advanceTime, mockDate } from "@odoo/hoot-mock";
import { browser } from "@web/core/browser/browser";
import { ConnectionLostError } from "@web/core/network/rpc";

import { HEARTBEAT, LiveReload, PAUSE, POLL, SILENCE } from "@ihub/live/live_reload";

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

test("what cannot be reached is not live, until it answers again", async () => {
    let isDown = true;
    const { bus, live } = setUp({
        reload: async () => {
            if (isDown) {
                throw new ConnectionLostError("/web");
            }
        },
    });
    const { at } = live.freshness;
    expect(live.freshness.isConnected).toBe(true);
    // The worker has not noticed yet.
    bus.notify(1);
    await advanceTime(PAUSE);
    expect(live.freshness.isConnected).toBe(false);
    expect(live.freshness.trouble).toBe("connection");
    expect(live.freshness.at).toBe(at);
    isDown = false;
    await advanceTime(2 * POLL);
    expect(live.freshness.isConnected).toBe(true);
    expect(live.freshness.trouble).toBe(null);
    expect(live.freshness.at).not.toBe(at);
    live.stop();
});

test("a browser that is offline says so at once, and looks again when it is back", async () => {
    let isDown = false;
    const { live } = setUp({
        reload: async () => {
            expect.step("reload");
            if (isDown) {
                throw new ConnectionLostError("/web");
            }
        },
    });
    await advanceTime(PAUSE);
    isDown = true;
    browser.dispatchEvent(new Event("offline"));
    expect(live.freshness.trouble).toBe("connection");
    await advanceTime(1);
    expect.verifySteps(["reload"]);
    expect(live.freshness.isConnected).toBe(false);
    isDown = false;
    await advanceTime(PAUSE);
    browser.dispatchEvent(new Event("online"));
    await advanceTime(1);
    expect.verifySteps(["reload"]);
    expect(live.freshness.isConnected).toBe(true);
    live.stop();
});

test("who is offline but still reaches the server is live", async () => {
    const { live } = setUp();
    browser.dispatchEvent(new Event("offline"));
    expect(live.freshness.isConnected).toBe(false);
    await advanceTime(PAUSE);
    expect.verifySteps(["reload"]);
    expect(live.freshness.isConnected).toBe(true);
    live.stop();
});

test("a server that does not answer is not live", async () => {
    const answer = new Deferred();
    const { bus, live } = setUp({ reload: () => answer });
    bus.notify(1);
    await advanceTime(PAUSE);
    expect(live.freshness.isConnected).toBe(true);
    await advanceTime(SILENCE + POLL);
    expect(live.freshness.trouble).toBe("connection");
    answer.resolve();
    await advanceTime(1);
    expect(live.freshness.isConnected).toBe(true);
    live.stop();
});

test("what the server refuses to show anew is not live", async () => {
    expect.errors(1);
    let isBroken = true;
    const { bus, live } = setUp({
        reload: async () => {
            if (isBroken) {
                throw new Error("Too busy.");
            }
        },
    });
    bus.notify(1);
    await advanceTime(PAUSE);
    expect(live.freshness.isConnected).toBe(false);
    expect(live.freshness.trouble).toBe("failed");
    expect.verifyErrors(["Too busy."]);
    isBroken = false;
    bus.notify(1);
    await advanceTime(PAUSE);
    expect(live.freshness.isConnected).toBe(true);
    live.stop();
});

test("what has left the screen is not reloaded", async () => {
    const { bus, live } = setUp();
    bus.notify(1);
    live.stop();
    await advanceTime(HEARTBEAT + POLL);
    expect.verifySteps([]);
});
