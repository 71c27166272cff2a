import { registry } from "@web/core/registry";
import { floatTimeField } from "@web/views/fields/float_time/float_time_field";
import { integerField } from "@web/views/fields/integer/integer_field";

/**
 * A number for which 0 means that there is none: it is shown as empty, with the field's placeholder
 * saying what that means, such as "Never".
 */
const orNone = (Field, template) =>
    class extends Field {
        static template = template;
        static props = { ...Field.props, placeholder: { type: String, optional: true } };

        get formattedValue() {
            if (this.props.record.data[this.props.name]) {
                return super.formattedValue;
            }
            return this.props.readonly ? this.props.placeholder : "";
        }
    };

const register = (name, field, template) =>
    registry.category("fields").add(name, {
        ...field,
        component: orNone(field.component, template),
        extractProps: (info) => ({
            ...field.extractProps(info),
            placeholder: info.placeholder,
        }),
    });

register("ihub_number_or_none", integerField, "ihub.NumberOrNone");
register("ihub_time_or_none", floatTimeField, "ihub.TimeOrNone");
