"""The actions that buttons return: what is said in passing, a page, a dialog."""


def closing_notice(message, kind="info", title=None):
    """Return the action that says something in passing; a dialog is closed, a page loaded anew.

    :param str kind: ``info``, ``success``, ``warning`` or ``danger``
    """
    params = {
        "type": kind,
        "message": message,
        "next": {"type": "ir.actions.act_window_close"},
    }
    if title:
        params["title"] = title
    return {"type": "ir.actions.client", "tag": "display_notification", "params": params}


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
