"""The orders of a web shop, as its interface would give them: samples, without a network."""

_CUSTOMERS = (
    ("Anna Berger", "anna.berger@example.com"),
    ("Béatrice Morel", "beatrice.morel@example.com"),
    ("Carlos Vega", "carlos.vega@example.com"),
    ("Dora Lindgren", "dora.lindgren@example.com"),
    ("Emil Novák", "emil.novak@example.com"),
    ("Fatima Haddad", "fatima.haddad(at)example.com"),
    ("Giulia Conti", "giulia.conti@example.com"),
    ("Hugo Martins", "hugo.martins@example.com"),
    ("Ines Aydın", "ines.aydin@example.com"),
    ("Jakob Olsen", "jakob.olsen@example.com"),
    ("Klara Weiss", "klara.weiss@example.com"),
    ("Liam O’Connor", "liam.oconnor@example.com"),
)
_PRODUCTS = (("MUG-01", "Mug", 9.5), ("TEE-03", "T-shirt", 24.0), ("BAG-02", "Bag", 39.9))


def _order(position, name, email):
    lines = [
        {"sku": sku, "product": product, "quantity": 1 + position % (turn + 2), "price": price}
        for turn, (sku, product, price) in enumerate(_PRODUCTS[: 1 + position % 3])
    ]
    return {
        "id": 4706 + position,
        "number": f"SO-{4706 + position}",
        "placed_at": f"2026-01-05T{8 + position // 2:02}:{30 * (position % 2):02}:00Z",
        "customer": {"name": name, "email": email},
        "lines": lines,
    }


ORDERS = [_order(position, *customer) for position, customer in enumerate(_CUSTOMERS)]
