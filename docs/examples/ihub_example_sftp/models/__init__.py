from . import example_sftp
from . import example_stock_level
