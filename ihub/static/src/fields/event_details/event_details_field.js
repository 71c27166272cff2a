import { Component, useState } from "@odoo/owl";
import { CopyButton } from "@web/core/copy_button/copy_button";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

// Deeper levels, and the rest of long lists, are drawn when somebody asks for them.
const OPEN_DEPTH = 2;
const PAGE = 100;

/** Keep a number as it is written: JavaScript rounds what is longer than it can count. */
function exactly(key, value, context) {
    if (typeof value !== "number" || String(value) === context?.source) {
        return value;
    }
    if (context?.source) {
        return JSON.rawJSON(context.source);
    }
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
        throw new RangeError("This browser does not tell how it is written.");
    }
    return value;
}

/**
 * Return the object or array that a text holds; undefined when it is not JSON.
 */
export function parseStructure(text) {
    if (!/^\s*[[{]/.test(text)) {
        return undefined;
    }
    try {
        return JSON.parse(text, exactly);
    } catch {
        return undefined;
    }
}

export class JsonNode extends Component {
    static template = "ihub.JsonNode";
    static components = {};
    static props = {
        value: true,
        depth: Number,
        name: { type: String, optional: true },
    };

    setup() {
        this.state = useState({ open: this.props.depth < OPEN_DEPTH, shown: PAGE });
    }

    get isArray() {
        return Array.isArray(this.props.value);
    }

    get isStructure() {
        const { value } = this.props;
        return value !== null && typeof value === "object" && !JSON.isRawJSON?.(value);
    }

    get entries() {
        return Object.entries(this.props.value);
    }

    get shownEntries() {
        return this.entries.slice(0, this.state.shown);
    }

    get kind() {
        const { value } = this.props;
        if (JSON.isRawJSON?.(value)) {
            return "number";
        }
        return value === null ? "null" : typeof value;
    }

    get literal() {
        return JSON.stringify(this.props.value);
    }

    get brackets() {
        return this.isArray ? ["[", "]"] : ["{", "}"];
    }

    onToggle(ev) {
        this.state.open = ev.target.open;
    }

    showMore() {
        this.state.shown += PAGE * 10;
    }
}
JsonNode.components = { JsonNode };

export class EventDetailsField extends Component {
    static template = "ihub.EventDetailsField";
    static components = { CopyButton, JsonNode };
    static props = { ...standardFieldProps };

    setup() {
        this.state = useState({ raw: false });
        this.copyText = _t("Copy");
        this.successText = _t("Copied");
    }

    get text() {
        return this.props.record.data[this.props.name] || "";
    }

    get structure() {
        // Parsed once for each text: a large one takes a while.
        if (this.parsedText !== this.text) {
            this.parsedText = this.text;
            this.parsed = parseStructure(this.text);
        }
        return this.parsed;
    }

    /** What the button would show. */
    get otherFormat() {
        return this.state.raw ? _t("JSON") : _t("Text");
    }

    get isTraceback() {
        return this.text.includes("Traceback (most recent call last)");
    }
}

export const eventDetailsField = {
    component: EventDetailsField,
    displayName: _t("Event Details"),
    supportedTypes: ["text"],
};

registry.category("fields").add("ihub_event_details", eventDetailsField);
