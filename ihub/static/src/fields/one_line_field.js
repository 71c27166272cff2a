import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component } from "@odoo/owl";

/** As much of a text as fits into one line; hovering tells all of it. */
export class OneLineField extends Component {
    static template = "ihub.OneLineField";
    static props = { ...standardFieldProps };

    get text() {
        return this.props.record.data[this.props.name] || "";
    }
}

export const oneLineField = {
    component: OneLineField,
    displayName: _t("One Line"),
    supportedTypes: ["char", "text"],
};

registry.category("fields").add("ihub_one_line", oneLineField);
