"""The ways in which secrets are written down, and what only looks like one."""

import base64
import dataclasses
import html
import json
from urllib.parse import quote, urlencode

import pytest
from pure_ihub.core.masking import MASK, mask

S = "s3cr3t-Value"
# With all that ends a value which is not quoted.
ODD = "s3cr3t Value, and; more) {of} it"
AROUND = {"first": 1, "password": S, "last": "kept"}
NESTED = {"credentials": {"inner": {"a": [1]}, "beta": S, "gamma": [S]}, "last": "kept"}


@dataclasses.dataclass
class Login:
    user: str
    password: str
    note: str = "kept"


def pem(kind, headers=""):
    return f"-----BEGIN {kind}-----\n{headers}{S}\n{S}=\n-----END {kind}-----\nkept"


NAMES = (
    "password", "Password", "PASSWORD", "dbPassword", "db_password", "db-password", "db.password",
    "user_password_2", "passwd", "pass", "pw", "user_pass", "passphrase", "Kennwort", "passwort",
    "contraseña", "mot_de_passe", "secret", "client_secret", "clientSecret", "ClientSecret",
    "clientsecret", "AWS_SECRET_ACCESS_KEY", "secretKey", "token", "accessToken", "access_token",
    "csrf-token", "refreshtoken", "X-Auth-Token", "api_key", "apiKey", "APIKey", "X-Api-Key",
    "X-Auth-Key", "consumer_key", "consumerKey", "app_key", "AccountKey", "license_key",
    "encryption_key", "private-key", "Ocp-Apim-Subscription-Key", "x-functions-key", "signing_key",
    "shared.key", "credentials", "session_id", "JSESSIONID", "signature", "cvv", "otp",
    "recovery_code", "jwt",
)  # fmt: skip

# Each a text that holds S, and "kept" where something must be left.
WAYS = {
    # HTTP
    "bearer": f"Authorization: Bearer {S}\r\nHost: kept",
    "basic": f"authorization: Basic {base64.b64encode(S.encode()).decode()}{S}\r\nHost: kept",
    "digest": f'Authorization: Digest username="x", response="{S}", qop=auth\nHost: kept',
    "header in JSON": json.dumps({"raw": f"X-Api-Key: {S}\r\nHost: kept"}),
    "authorization in JSON": json.dumps({"raw": f"Authorization: x {S}\r\nHost: kept"}),
    "cookie": f"Cookie: a=1; session={S}\nHost: kept",
    "set-cookie": f"Set-Cookie: sid={S}; Path=/\nHost: kept",
    "folded header": f"Authorization: Signature\r\n a={S},\r\n b={S}\r\nHost: kept",
    "dict of headers": repr({"Authorization": f"Bearer {S}", "Host": "kept"}),
    "dict of bytes": repr({b"Authorization": f"Basic {S}".encode(), b"Host": b"kept"}),
    "list of pairs": repr([("X-Api-Key", S), ("Host", "kept")]),
    "list of pairs of bytes": repr([(b"x-api-key", S.encode()), (b"Host", b"kept")]),
    "dict of lists": repr({"X-Api-Key": [S, S], "Host": ["kept"]}),
    "Go's map": f"map[Authorization:[Bearer {S}] Host:[kept]]",
    "Node's raw headers": json.dumps(["X-Api-Key", S, "Host", "kept"]),
    "requests' cookie": f"<RequestsCookieJar[<Cookie sid={S} for kept.example.com/>]>",
    # Addresses and forms
    "userinfo": f"https://user:{S}@kept.example.com/",
    "userinfo without user": f"redis://:{S}@kept:6379/0",
    "userinfo of a token": f"https://{S}@kept.example.com/",
    "userinfo with @": f"postgres://user:p@{S}@kept/db",
    "userinfo with a slash": f"postgres://user:a/{S}@kept/db",
    "userinfo with a hash": f"amqp://user:a#{S}@kept/vhost",
    "userinfo in JSON of PHP": json.dumps(f"https://user:{S}@kept").replace("/", "\\/"),
    "userinfo in an address": quote(f"https://user:{S}@kept/", safe=""),
    "userinfo without scheme": f"git clone //user:{S}@kept/x",
    "parameter": f"https://x/?a=1&access_token={S}&b=kept",
    "parameter key": f"https://x/?key={S}&b=kept",
    "parameter code": f"https://x/callback?code={S}&state=kept",
    "parameter in HTML": html.escape(f"https://x/?a=1&sig={S}&b=kept"),
    "parameter in an address": quote(f"https://x/?a=1&key={S}&b=kept", safe=""),
    "twice in an address": quote(quote(f"?a=1&api_key={S}&b=kept", safe=""), safe=""),
    "form": urlencode({"a": 1, "password": S, "b": "kept"}),
    "form with brackets": f"user[password]={S}&user[name]=kept",
    "form with encoded brackets": f"user%5Bpassword%5D={S}&user%5Bname%5D=kept",
    "multipart": f'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n{S}\r\n--b kept',
    "multipart with type": (
        f'--b\r\nContent-Disposition: form-data; name="api_key"\r\nContent-Type: text/plain\r\n'
        f"\r\n{S}\r\n--b kept"
    ),
    "multipart as bytes": repr(
        f'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n{S}\r\n--b kept'.encode()
    ),
    "SAS": f"https://x.blob.core/c?sv=1&sig={S}%3D&se=kept",
    "Slack": f"https://hooks.slack.com/services/T00/B00/{S} kept",
    # JSON
    "JSON": json.dumps(AROUND),
    "JSON with indent": json.dumps(AROUND, indent=4),
    "JSON compact": json.dumps(AROUND, separators=(",", ":")),
    "JSON in JSON": json.dumps({"body": json.dumps(AROUND)}),
    "JSON in JSON in JSON": json.dumps(json.dumps({"body": json.dumps(AROUND)})),
    "JSON in repr": repr({"body": json.dumps(AROUND)}),
    "JSON in HTML": html.escape(json.dumps(AROUND)),
    "JSON in HTML twice": html.escape(html.escape(json.dumps(AROUND))),
    "JSON in an address": quote(json.dumps(AROUND), safe=""),
    "JSON in CSV": '"' + json.dumps(AROUND).replace('"', '""') + '"',
    "JSON of .NET": json.dumps(AROUND).replace('"', "\\u0022"),
    "JSON with backslashes": json.dumps({"password": f'a\\"b\\\\{S}', "last": "kept"}),
    "JSON in JSON with quotes": json.dumps(json.dumps({"password": f'a"b {S}', "last": "kept"})),
    "JSON in repr with quotes": repr(json.dumps({"password": f'a"b {S}', "last": "kept"})),
    "JSON with a number before": '{"pin": 1, "password" : "' + S + '", "z": "kept"}',
    "JSON over lines": '{"password"\n:\n"' + S + '", "z": "kept"}',
    "JSON list": json.dumps({"passwords": [S, S], "z": "kept"}),
    "JSON nested": json.dumps(NESTED),
    "JSON nested with brackets in text": json.dumps(
        {"credentials": {"a": "}]", "b": {}, "c": S}, "z": "kept"}
    ),
    "JSON cut off": json.dumps(NESTED)[: -len(', "last": "kept"}}')],
    "pair": json.dumps([{"name": "X-Api-Key", "value": S}, {"name": "Host", "value": "kept"}]),
    "pair the other way": json.dumps([{"value": S, "name": "X-Api-Key"}, {"value": "kept"}]),
    "pair with more": json.dumps([{"key": "password", "type": "text", "value": S}, "kept"]),
    "pair in repr": repr([{"name": "db_password", "val": S}, "kept"]),
    "pair in JSON in JSON": json.dumps(json.dumps([{"name": "X-Api-Key", "value": S}, "kept"])),
    "pair of a call": f"Header(name='X-Api-Key', value='{S}'), Header(name='Host', value='kept')",
    "pair of Kubernetes": f"env:\n- name: API_KEY\n  value: {S}\n- name: HOST\n  value: kept\n",
    # Python and others
    "repr": repr(AROUND),
    "repr in repr": repr(repr(AROUND)),
    "dataclass": repr(Login("x", S)),
    "keyword": f"connect(user='x', password='{S}', host='kept')",
    "bytes": f"connect(password=b'{S}', host='kept')",
    "raw": f"connect(password=r'{S}', host='kept')",
    "unicode": f"connect(password=u'{S}', host='kept')",
    "raw bytes": f'connect(password=rb"{S}", host="kept")',
    "call": f"connect(password=SecretStr('{S}'), host='kept')",
    "triple quotes": f'password = """a "quoted" {S}"""\nhost = "kept"',
    "backticks": f"password: `{S}`, host: `kept`",
    "requests' auth": f"get(url, auth=('user', '{S}'), verify='kept')",
    "comparison": f"assert password == '{S}', 'kept'",
    "Ruby": f'{{:password=>"{S}", :host=>"kept"}}',
    "PHP print_r": f"Array\n(\n    [password] => {S}\n    [host] => kept\n)",
    "PHP var_dump": f'["password"]=>\n  string(12) "{S}"\n  ["host"]=>\n  string(4) "kept"',
    "PHP serialize": f'a:2:{{s:8:"password";s:12:"{S}";s:4:"host";s:4:"kept";}}',
    "Go's struct": f"{{User:x Password:{S} Host:kept}}",
    "Java's record": f"Login[user=x, password={S}, host=kept]",
    "assignment": f'password := "{S}" // kept',
    # XML
    "element": f"<a><password>{S}</password><b>kept</b></a>",
    "element with namespace": f"<wsse:Password Type='#PasswordText'>{S}</wsse:Password><b>kept</b>",
    "CDATA": f"<password><![CDATA[{S}]]></password><b>kept</b>",
    "CDATA with a tag": f"<password><![CDATA[<x>]]{S}]]></password><b>kept</b>",
    "after CDATA": f"<password><![CDATA[x]]>{S}</password><b>kept</b>",
    "nested": f"<credentials><user>x</user><pw2>{S}</pw2></credentials><b>kept</b>",
    "nested twice": f"<credentials><a><b/><c>x</c></a><d>{S}</d></credentials><b>kept</b>",
    "after a comment": f"<password><!-- x -->{S}</password><b>kept</b>",
    "attribute": f'<login user="x" password="{S}" host="kept"/>',
    "attribute in single quotes": f"<login user='x' password='{S}' host='kept'/>",
    "attribute with blanks": f'<login password = "{S}" host="kept"/>',
    "value of an element": f'<Password value="{S}"/><b>kept</b>',
    "value of an element that is closed later": f'<pw value="{S}"></pw><b value="kept"/>',
    "value and content": f"<pw a='x' value='{S}'>{S}</pw><b>kept</b>",
    "field of HTML": f'<input name="password" type="x" value="{S}"><b>kept</b>',
    "field of HTML without quotes": f'<input name="password" value={S}><b>kept</b>',
    "field of HTML in HTML": html.escape(f'<input name="password" value="{S}"><b>kept</b>'),
    "value of an element in HTML that is closed later": html.escape(
        f'<pw value="{S}"></pw><b value="kept"/>'
    ),
    ".NET's settings": f'<add key="ApiKey" value="{S}" /><add key="Host" value="kept" />',
    "named element": f'<entry name="password">{S}</entry><entry name="host">kept</entry>',
    "name and value": f"<Name>ApiKey</Name><Value>{S}</Value><b>kept</b>",
    "plist": f"<key>password</key>\n<string>{S}</string><b>kept</b>",
    "XML in HTML": html.escape(f"<a><password>{S}</password><b>kept</b></a>"),
    "attribute in HTML": html.escape(f'<wsse:Password Type="#Text">{S}</wsse:Password><b>kept</b>'),
    "attribute in HTML, quotes left": html.escape(
        f'<Password xsi:type="string">{S}</Password><b>kept</b>', quote=False
    ),
    "attribute in HTML in HTML": html.escape(
        html.escape(f'<Password a="b" c="d">{S}</Password><b a="b">kept</b>')
    ),
    "value of an element in HTML": html.escape(f'<password value="{S}"/><b>kept</b>'),
    "value of an element in HTML before another": html.escape(
        f'<a><password type="x" value="{S}" /><b c="kept">kept</b></a>'
    ),
    "attribute in XML whose > is left": (
        f'&lt;password a="b">{S}&lt;/password> &lt;b>kept&lt;/b> -> kept'
    ),
    "attribute with an escaped >": f'<password a="x &gt; y">{S}</password><b>kept &lt;</b>',
    "XML in JSON": json.dumps({"body": f'<l password="{S}"/><b>kept</b>'}),
    "element in JSON": json.dumps({"body": f"<password>{S}</password><b>kept</b>"}),
    # Settings
    "env": f"HOST=kept\nDB_PASSWORD={S}\nUSER=kept",
    "env in quotes": f'DB_PASSWORD="{S}"\nUSER=kept',
    "env with export": f"export API_KEY={S}\nUSER=kept",
    "env with blanks": f"PASSWORD={ODD}\nUSER=kept",
    "PowerShell": f'$env:API_KEY = "{S}"\nUSER=kept',
    "properties": f"spring.datasource.password = {S}\nuser = kept",
    "INI": f"[db]\npassword : {S}\nuser : kept",
    "YAML": f"db:\n  password: {S}\n  user: kept",
    "YAML with blanks": f"db:\n  password: {ODD}\n  user: kept",
    "YAML block": f"db:\n  password: |\n    {S}\n    {S}\n  user: kept",
    "YAML in quotes": f"db:\n  password: '{ODD}'\n  user: kept",
    "YAML flow": f"db: {{password: {S}, user: kept}}",
    "TOML": f'password = "{ODD}"\nuser = "kept"',
    "spoken name": f"The API key: {S}\nkept",
    # Databases
    "DSN": f"host=kept user=x password={S} dbname=kept",
    "DSN in quotes": f"host=kept password='a b\\' {S}' dbname=kept",
    "ODBC": f"Driver={{kept}};Uid=x;Pwd={S};Database=kept",
    "ODBC in braces": f"Driver={{kept}};Uid=x;Pwd={{a;{S}}};Database=kept",
    "JDBC": f"jdbc:postgresql://kept/db?user=x&password={S}",
    "Azure": f"AccountName=kept;AccountKey={S}==;EndpointSuffix=kept",
    "SQL": f"ALTER USER x WITH PASSWORD '{S}' CONNECTION LIMIT 5; kept",
    "SQL with quotes": f"ALTER USER x WITH PASSWORD 'it''s {S}'; kept",
    "MySQL": f"CREATE USER x IDENTIFIED BY '{S}' kept",
    "UPDATE": f"UPDATE users SET password='{S}', login='kept'",
    "failing row": f"DETAIL:  Failing row contains (1, x, (a), {S}).\nkept",
    "failing row of lines": f"Failing row contains (1, a\nb), {S}).\nkept",
    "key of a constraint": f"DETAIL:  Key (api_key)=({S}) already exists. kept",
    "key of two columns": f"Key (password, login)=({S}, x) already exists. kept",
    # Command lines
    "curl header": f"curl -H 'X-Api-Key: {S}' https://kept",
    "curl authorization": f'curl -H "Authorization: Bearer {S}" https://kept',
    "curl -u": f"curl -u user:{S} https://kept",
    "curl --user": f"curl --user 'user:{S}' https://kept",
    "curl -d": f"curl -d 'user=x&password={S}' https://kept",
    "option": f"tool --password {S} --host kept",
    "option with =": f"tool --api-key={S} --host kept",
    "option in a list": repr(["tool", "--password", S, "--host", "kept"]),
    # What shows by its form
    "bearer alone": f"we sent Bearer {S} to kept",
    "web token": f"got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx{S}.dozjgNryP4J3 from kept",
    "unsigned web token": f"got eyJhbGciOiJub25lIn0.eyJzdWIiOiIx{S}. kept",
    "AWS": f"AKIA{S.replace('-', '').upper()}{S} kept",
    "GitHub": f"ghp_{S}{S} kept",
    "Stripe": f"charged with sk_live_{S}{S} kept",
    "PEM": pem("PRIVATE KEY"),
    "PEM of RSA": pem("RSA PRIVATE KEY"),
    "PEM of EC": pem("EC PRIVATE KEY"),
    "PEM of OpenSSH": pem("OPENSSH PRIVATE KEY"),
    "PEM with password": pem("ENCRYPTED PRIVATE KEY"),
    "PEM with headers": pem(
        "RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"
    ),
    "PGP": pem("PGP PRIVATE KEY BLOCK"),
    "PEM in JSON": json.dumps({"k": pem("RSA PRIVATE KEY"), "z": "kept"}),
    "PuTTY": f"PuTTY-User-Key-File-2: ssh-rsa\nComment: kept\nPrivate-Lines: 1\n{S}",
    "exception": f"HTTPError: 401 for url: https://h/x?apikey={S}&b=kept",
}

LEFT = [
    "the monkey: Peter", "keyboard: qwerty", '{"monkey": "Peter", "keyboard": "de"}',
    "token_count: 3", '{"token_count": 3}', '{"total_tokens": 1234, "max_tokens": 4096}',
    "tokens: 17", "secretary: Mrs Miller", '{"secretary": "Mrs Miller"}', "tokenizer: bert",
    '{"tokenizer": "bert"}', "primary_key: id", "foreign key: partner_id", "sort_key=name",
    '{"key": "name"}', '{"key": "SO-2025-00017"}', "KeyError: 'name'", "cache_key=a/b",
    '{"hotkey": "ctrl+s"}', "turkey: 12 kg", "donkey=grey", "passenger: Peter", "compass: north",
    "passed: 12", "pass: 12, fail: 3", "bypass: none", "password: null", '{"password": null}',
    "password_required: true", "has_password=False", '{"token_expires_in": 3600}',
    "token_expires_at: 2025-03-01T12:00:00Z", "token_url: https://example.com/token",
    "The password must be changed", "The token has expired", "wrong password", "no such key",
    "Unexpected token '<' in JSON", "password:", "password=",
    '{"password": ""}', "status_code=200", '{"code": "EUR"}', "code: 7", "error code: 42",
    "design: modern", '{"sign": "-"}', "authors: Peter, Paul", '{"author": "Peter"}',
    "inside=1", '{"residence": "Bern"}', "Basic information is missing", "Bearer of bad news",
    "https://example.com:8080/a?page=2", "mail to peter@example.com", "// note: a@b",
    "<a>key</a>", "<keyboard>de</keyboard>", "<b:secretary>x</b:secretary>", "session closed",
    '{"obsession": "cars"}', "signal: 9", "signed_by: Peter", "12 pwned", "upward=1",
    "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----", "user -u root", "ls -u",
    "Imported order key 4711", "cookies are off", '{"pkey": 5}', "item_key: A-1",
    '{"uuid_key": "123e4567-e89b-12d3-a456-426614174000"}', "Key (name)=(Peter) already exists.",
    '[{"name": "city", "value": "Bern"}]', "eyJ", "a.eyJ.b", "sk-1", "x: y",
]  # fmt: skip


def test_the_table_is_large():
    assert len(WAYS) >= 136


@pytest.mark.parametrize("way", WAYS)
def test_secret_is_hidden(way):
    masked = mask(WAYS[way])
    assert S not in masked and S.upper() not in masked and ODD not in masked
    assert not any(part in masked for part in ("s3cr3t", "Value, and", "more)", "{of}"))
    assert MASK in masked


@pytest.mark.parametrize("way", [way for way, text in WAYS.items() if "kept" in text])
def test_what_surrounds_it_stays(way):
    masked = mask(WAYS[way])
    assert masked.count("kept") == WAYS[way].count("kept"), masked


@pytest.mark.parametrize("way", WAYS)
def test_masked_text_is_not_masked_again(way):
    masked = mask(WAYS[way])
    assert mask(masked) == masked


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "form", ['{"%s": "%s"}', "%s=%s", "<%s>%s</x>", '<a %s="%s"/>', "%s: %s", "('%s', '%s')"]
)
def test_name_is_known_in_every_form(form, name):
    assert "hunter2" not in mask(form % (name, "hunter2"))


@pytest.mark.parametrize("text", LEFT)
def test_what_is_no_secret_is_left(text):
    assert mask(text) == text


def test_secret_key_of_any_name_is_known_by_its_look():
    assert mask("warehouse_key=a8f5f167f44f4964e6c998dee827110c") == f"warehouse_key={MASK}"
    assert mask("warehouse_key=hall-7") == "warehouse_key=hall-7"
