import { useComponent, useSubEnv } from "@odoo/owl";
import { useSetupAction } from "@web/search/action_hook";

/** For a view: let what is below it find what it has kept, when somebody comes back to the view. */
export function useStateOfView() {
    const { props } = useComponent();
    useSubEnv({ stateOfView: props.state });
}

/**
 * For what is below such a view: keep something until somebody comes back by the breadcrumb.
 *
 * @param {string} name
 * @param {() => any} get returns what is to be kept
 * @returns {any} what was kept; undefined where somebody has come another way
 */
export function useKeptState(name, get) {
    const { env } = useComponent();
    useSetupAction({ getLocalState: () => ({ [name]: get() }) });
    return env.stateOfView?.[name];
}
