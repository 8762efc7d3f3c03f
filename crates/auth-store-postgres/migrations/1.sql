CREATE TABLE auth_logins (
    key        text        COLLATE "C" PRIMARY KEY,
    version    bigint      NOT NULL CHECK (version > 0),
    body       text        NOT NULL CHECK (octet_length(body) <= 262144),
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE SEQUENCE auth_logins_numbers AS bigint
    MAXVALUE 9007199254740991 CACHE 1 NO CYCLE OWNED BY auth_logins.version;
CREATE TABLE auth_logins_schema (version integer PRIMARY KEY);
INSERT INTO auth_logins_schema (version) VALUES (1);
