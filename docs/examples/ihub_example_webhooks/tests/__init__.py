from . import test_example_payments
