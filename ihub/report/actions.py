"""The actions that buttons return: what is said in passing, a page, a dialog."""


def notice(message, kind="info", title="", **more):
    """Return the action that says something in passing.

    :param str kind: ``info``, ``success``, ``warning`` or ``danger``, which stays until closed
    """
    params = {"type": kind, "title": title, "message": message, "sticky": kind == "danger", **more}
    return {"type": "ir.actions.client", "tag": "display_notification", "params": params}


def closing_notice(message, kind="info", title=""):
    """Return the same; besides, a dialog is closed, a page loaded anew."""
    return notice(message, kind, title, next={"type": "ir.actions.act_window_close"})


def page_of(record):
    """Return the action that opens a record, in the form that its model wants.

    Without what the context says of the list from which it is opened.
    """
    return {**record.get_formview_action(), "context": {}}


def dialog(model, title, **more):
    """Return the action that opens a form as a dialog.

    :param str model: name of its model
    :param more: what else the action has, such as its ``context``
    """
    return {
        "type": "ir.actions.act_window",
        "name": title,
        "res_model": model,
        "views": [[False, "form"]],
        "target": "new",
        **more,
    }
