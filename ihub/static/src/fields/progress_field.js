import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component } from "@odoo/owl";

/** A percentage as a bar with its number. */
export class ProgressField extends Component {
    static template = "ihub.ProgressField";
    static props = { ...standardFieldProps };

    get percent() {
        return this.props.record.data[this.props.name] || 0;
    }

    get label() {
        return _t("Progress: %s%%", this.percent);
    }
}

export const progressField = {
    component: ProgressField,
    displayName: _t("Progress"),
    supportedTypes: ["integer"],
};

registry.category("fields").add("ihub_progress", progressField);
