import { useService } from "@web/core/utils/hooks";

/**
 * What can be done about a span of an integration's coverage.
 *
 * A span has `from` and `to`, as the server writes moments.
 */
export function useSpanActions() {
    const orm = useService("orm");
    const action = useService("action");
    const call = (method, id, { from, to }) =>
        orm.call("ihub.integration", method, [[id], from, to]);
    return {
        /** Open the dialog of Run Manually; `onClose` is called when it is over. */
        async fill(id, span, onClose) {
            await action.doAction(await call("action_fill", id, span), { onClose });
        },
        /** @param {{run_ids: number[]}} span the run if there is one, else all of the span */
        async openRuns(id, span) {
            if (span.run_ids.length === 1) {
                await action.doAction({
                    type: "ir.actions.act_window",
                    res_model: "ihub.run",
                    res_id: span.run_ids[0],
                    views: [[false, "form"]],
                });
            } else {
                await action.doAction(await call("action_open_runs_of", id, span));
            }
        },
        async openItems(id, span) {
            await action.doAction(await call("action_open_items_of", id, span));
        },
    };
}
