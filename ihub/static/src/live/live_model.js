import { Mutex } from "@web/core/utils/concurrency";
import { RelationalModel } from "@web/model/relational_model/relational_model";
import { markRaw } from "@odoo/owl";

/**
 * A model whose loads follow one another.
 *
 * Odoo forgets a load that another one overtakes: whoever waits for it waits for ever, and a
 * button or a dialog that does so stays locked. A page that reloads by itself would cause that.
 * And what a load has searched for that fails is searched for by the next one.
 */
export class LiveModel extends RelationalModel {
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
}
