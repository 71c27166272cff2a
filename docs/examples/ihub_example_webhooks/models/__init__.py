from . import example_payment
from . import example_payments
