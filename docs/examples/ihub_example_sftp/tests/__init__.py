from . import test_example_sftp
