import { CogMenu } from "@web/search/cog_menu/cog_menu";

/** The menu behind the cog, which Odoo hides from whoever has nothing in it but the view's buttons. */
export class ButtonsCogMenu extends CogMenu {
    get hasItems() {
        return super.hasItems || Boolean(this.props.slots?.default);
    }
}
