def post_init_hook(env):
    """Report, and fail where a test wants that."""
    env.company.ihub_info("from the hook")
    if env["ir.config_parameter"].get_param("ihub_test_hook.fail"):
        raise RuntimeError("The hook was told to fail.")
