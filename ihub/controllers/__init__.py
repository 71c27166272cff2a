from . import inbox, monitoring
