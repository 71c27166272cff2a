from . import ihub_wrong
from . import ihub_right
