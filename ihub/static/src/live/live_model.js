import { Mutex } from "@web/core/utils/concurrency";
import { RelationalModel } from "@web/model/relational_model/relational_model";
import { markRaw } from "@odoo/owl";

/**
 * A model whose loads follow one another.
 *
 * Odoo forgets a load that another one overtakes: whoever waits for it waits for ever, and a
 * button or a dialog that does so stays locked. A page that reloads by itself would cause that.
 */
export class LiveModel extends RelationalModel {
    setup() {
        super.setup(...arguments);
        // What shows the records need not be drawn anew for who waits for them.
        this.loads = markRaw(new Mutex());
    }

    load(params) {
        return this.loads.exec(() => super.load(params));
    }
}
