from . import example_shop
from . import example_shop_order
