import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { SelectMenu } from "@web/core/select_menu/select_menu";
import { SelectionField, selectionField } from "@web/views/fields/selection/selection_field";

const readable = (name) => name.replaceAll("_", " ");

class TimeZoneMenu extends SelectMenu {
    /** Whoever knows the technical name may type that. */
    filterOptions(searchString, groups) {
        super.filterOptions(readable(searchString || ""), groups);
    }
}

/** A time zone as people write it: "America/New York". */
export class TimeZoneField extends SelectionField {
    static components = { ...SelectionField.components, SelectMenu: TimeZoneMenu };

    get options() {
        return super.options.map(([value, label]) => [value, readable(label)]);
    }
}

registry.category("fields").add("ihub_time_zone", {
    ...selectionField,
    component: TimeZoneField,
    displayName: _t("Time Zone"),
    supportedTypes: ["selection"],
});
