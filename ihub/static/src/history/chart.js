import { Component, useEffect, useRef } from "@odoo/owl";

/** One graph of Chart.js, which must be loaded. */
export class Chart extends Component {
    static template = "ihub.Chart";
    static props = {
        // Called with the canvas; returns what Chart.js wants.
        config: Function,
        // Drawn again when this changes.
        data: Array,
        label: String,
        onSelect: { type: Function, optional: true },
    };

    setup() {
        this.canvas = useRef("canvas");
        this.chart = null;
        useEffect(
            () => {
                this.draw();
                return () => this.chart.destroy();
            },
            () => [this.props.data],
        );
    }

    draw() {
        const config = this.props.config(this.canvas.el);
        config.options.onClick = (_ev, [element]) =>
            element && this.props.onSelect?.(element.index);
        this.chart = new window.Chart(this.canvas.el, config);
    }
}
