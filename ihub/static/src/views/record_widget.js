import { Component, xml } from "@odoo/owl";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/**
 * Return a widget of a form that shows ``Content``, which gets the id of the record as ``id``.
 *
 * Where somebody goes on to another record with changes that are to be saved, Odoo gives the same
 * object the other id: what only looks at the record would not notice.
 */
export function widgetOf(Content) {
    return class RecordWidget extends Component {
        static template = xml`<Content t-if="props.record.resId" id="props.record.resId" />`;
        static components = { Content };
        static props = { ...standardWidgetProps };
    };
}
