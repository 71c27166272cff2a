import { Component, useEffect, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useInputField } from "@web/views/fields/input_field_hook";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

// What the server says of a secret that is set; written back, it changes nothing.
const SET = "***";
const REFERENCE = "env:";

/** A secret: whether it is set, and a way to replace it. The server never sends what it is. */
export class SecretField extends Component {
    static template = "ihub.SecretField";
    static props = {
        ...standardFieldProps,
        placeholder: { type: String, optional: true },
        required: { type: Boolean, optional: true },
    };

    setup() {
        this.state = useState({ isReplacing: false });
        const input = useInputField({
            getValue: () => this.typed,
            parse: (value) => value || this.old || false,
        });
        useEffect(
            (isReplacing) => isReplacing && input.el.focus(),
            () => [this.state.isReplacing],
        );
    }

    get value() {
        return this.props.record.data[this.props.name] || "";
    }

    get isReference() {
        return this.value.startsWith(REFERENCE);
    }

    get isKnown() {
        return this.isReference || this.value === SET;
    }

    /** What was typed into the input, which is shown where nothing is set, or is replaced. */
    get typed() {
        return this.isKnown ? "" : this.value;
    }

    replace() {
        this.old = this.value;
        this.state.isReplacing = true;
    }

    keep() {
        this.state.isReplacing = false;
    }

    remove() {
        this.old = false;
        return this.props.record.update({ [this.props.name]: false });
    }
}

export const secretField = {
    component: SecretField,
    displayName: _t("Secret"),
    supportedTypes: ["char"],
    extractProps: ({ placeholder }, { required }) => ({ placeholder, required }),
};

registry.category("fields").add("ihub_secret", secretField);
