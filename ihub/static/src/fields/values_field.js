import { useEffect } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { X2ManyField, x2ManyField } from "@web/views/fields/x2many/x2many_field";
import { ListRenderer } from "@web/views/list/list_renderer";

/** Labels and values, to be changed, but not added to: Odoo's Tab key would lead past all of them. */
class ValuesRenderer extends ListRenderer {
    static recordRowTemplate = "ihub.ValuesRow";

    setup() {
        super.setup();
        useEffect(
            (record) => {
                const input = this.tableRef.el.querySelector(".o_selected_row textarea");
                input?.setAttribute("aria-label", record.data.label);
            },
            () => [this.editedRecord],
        );
    }

    canBeEntered(column, record) {
        return !record.isInEdition && !this.isCellReadonly(column, record);
    }

    /** Whoever comes by the keyboard can type at once, as whoever clicks. */
    onCellFocus({ target, currentTarget }, column, record) {
        if (target === currentTarget && target.matches(":focus-visible")) {
            this.cellToFocus = { column, record };
            this.props.list.enterEditMode(record);
        }
    }

    /** The Escape key is for the dialog: Odoo's list would keep it, and what is typed into, for good. */
    onCellKeydownEditMode(hotkey, ...others) {
        return hotkey !== "escape" && super.onCellKeydownEditMode(hotkey, ...others);
    }
}

class ValuesField extends X2ManyField {
    static components = { ...X2ManyField.components, ListRenderer: ValuesRenderer };
}

registry.category("fields").add("ihub_values", { ...x2ManyField, component: ValuesField });
