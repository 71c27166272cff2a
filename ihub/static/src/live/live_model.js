import { Mutex } from "@web/core/utils/concurrency";
import { RelationalModel } from "@web/model/relational_model/relational_model";
import { markRaw } from "@odoo/owl";

import { useLiveReload } from "./live_reload";

/**
 * A model whose loads follow one another.
 *
 * Odoo forgets a load that another one overtakes: whoever waits for it waits for ever, and a
 * button or a dialog that does so stays locked. A page that reloads by itself would cause that.
 * And what a load has searched for that fails is searched for by the next one.
 */
export class LiveModel extends RelationalModel {
    // What was on screen before is not what there is now, and nothing would say so.
    static withCache = false;

    setup() {
        super.setup(...arguments);
        // What shows the records need not be drawn anew for who waits for them.
        this.loads = markRaw(new Mutex());
        /** The params of a search that has not been answered. */
        this.search = null;
    }

    load(params) {
        return this.loads.exec(async () => {
            if (params?.domain) {
                this.search = markRaw(params);
            }
            await super.load({ ...this.search, ...params });
            this.search = null;
        });
    }

    /**
     * Load anew what is on screen. What people have asked for meanwhile counts.
     *
     * @param {() => boolean|Promise<boolean>} [wouldDisturb] asked once the answer has come
     * @returns {Promise<boolean>} false where it would disturb, or somebody has ticked something:
     *      all stays as it is
     */
    refresh(wouldDisturb = () => false) {
        return this.loads.exec(async () => {
            while (!this.root.selection?.length) {
                const { chosen } = this;
                const config = this._getNextConfig(this.config, this.search || {});
                // The answer is written to these: not to what is on screen.
                config.groups = copyOf(config.groups);
                this.hooks.onWillLoadRoot(config);
                const data = await this._loadData(config);
                // A page or an order that somebody has asked for is on its way, perhaps.
                await this.mutex.getUnlockedDef();
                if (await wouldDisturb()) {
                    break;
                }
                if (this.chosen === chosen) {
                    this.root = inPlaceOf(this.root, this._createRoot(config, data));
                    this.config = config;
                    this.search = null;
                    await this.hooks.onRootLoaded(this.root);
                    return true;
                }
            }
            return false;
        });
    }

    /** What people have chosen to see, as a text that can be compared. */
    get chosen() {
        return JSON.stringify(chosenOf(this.root));
    }
}

/**
 * For a view of many records: show changes as they happen, unless somebody has ticked some.
 *
 * @param {LiveModel} model
 * @returns {LiveReload}
 */
export function useLiveModel(model) {
    return useLiveReload({
        isBusy: () => Boolean(model.root.selection?.length),
        reload: (wouldDisturb) => model.refresh(wouldDisturb),
    });
}

/**
 * Let what was on screen already be known by the ids it had.
 *
 * It is not drawn anew then: a card keeps its open menu and its focus.
 */
function inPlaceOf(before, list) {
    const [parts, key] = list.groups ? ["groups", "serverValue"] : ["records", "resId"];
    const known = new Map(before[parts]?.map((part) => [part[key], part]));
    for (const part of list[parts]) {
        const same = known.get(part[key]);
        if (same) {
            part.id = same.id;
            if (list.groups) {
                inPlaceOf(same.list, part.list);
            }
        }
    }
    return list;
}

function copyOf(groups) {
    const copies = Object.entries(groups || {}).map(([value, group]) => [
        value,
        { ...group, list: { ...group.list, groups: copyOf(group.list.groups) } },
    ]);
    return groups && Object.fromEntries(copies);
}

function chosenOf({ offset, limit, orderBy, records, groups, selection }) {
    return {
        list: [offset, limit, orderBy],
        ticked: selection?.map(({ resId }) => resId),
        shown: groups ? null : records.length,
        groups: groups?.map(({ isFolded, list }) => [isFolded, chosenOf(list)]),
    };
}
