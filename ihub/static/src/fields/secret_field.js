import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useAutofocus } from "@web/core/utils/hooks";
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
        useAutofocus();
    }

    get value() {
        return this.props.record.data[this.props.name] || "";
    }

    get isReference() {
        return this.value.startsWith(REFERENCE);
    }

    get isSet() {
        return !this.state.isReplacing && (this.isReference || this.value === SET);
    }

    /** What was typed before: an input of a form that was not saved yet. */
    get typed() {
        return this.state.isReplacing ? "" : this.value;
    }

    replace() {
        this.old = this.value;
        this.state.isReplacing = true;
    }

    keep() {
        this.state.isReplacing = false;
    }

    change(value) {
        this.state.isReplacing = false;
        return this.update(value || this.old || false);
    }

    remove() {
        this.old = false;
        return this.update(false);
    }

    update(value) {
        return this.props.record.update({ [this.props.name]: value });
    }
}

export const secretField = {
    component: SecretField,
    displayName: _t("Secret"),
    supportedTypes: ["char"],
    extractProps: ({ placeholder }, { required }) => ({ placeholder, required }),
};

registry.category("fields").add("ihub_secret", secretField);
