from . import test_code_size
from . import test_example_shop
