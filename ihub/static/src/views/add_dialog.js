/**
 * Open the dialog that adds an integration.
 *
 * @param {Object} action the service
 * @param {Object} [options] of doAction
 */
export function openAddDialog(action, options = {}) {
    return action.doAction("ihub.ihub_integration_add_action", options);
}
