use super::*;

fn settings(database_url: Option<&str>) -> Settings {
    Settings {
        database_url: database_url.map(str::to_owned),
        secret_key: Some("a secret of at least thirty-two bytes".into()),
        ..Settings::default()
    }
}

fn error(settings: Settings) -> ConfigError {
    Config::new(settings).expect_err("a wrong setting")
}

fn sqlite(url: &str) -> PathBuf {
    match Config::new(settings(Some(url))).unwrap().database {
        Database::Sqlite(path) => path,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_set_is_an_embedded_store_with_a_random_key() {
    let config = Config::new(Settings::default()).unwrap();
    assert!(matches!(&config.database, Database::Sqlite(path) if path.as_os_str() == DEFAULT_DATABASE));
    assert!(config.redis.is_none());
    assert!(config.secret_key_is_random);
    assert!(config.secret_key.expose_secret().len() >= 32);
    assert_eq!(config.bind, "127.0.0.1:8000");
    assert_eq!(config.token_lifetime.as_secs(), 1800);
}

#[test]
fn empty_values_are_as_if_unset() {
    let empty = || Some(String::new());
    let settings = Settings {
        database_url: empty(),
        redis_url: empty(),
        secret_key: empty(),
        access_token_expire_minutes: empty(),
        bind: empty(),
    };
    assert!(Config::new(settings).unwrap().secret_key_is_random);
}

#[test]
fn a_database_url_requires_a_secret_key() {
    for url in ["postgres://ada@localhost/books", "sqlite://books.db"] {
        let wrong = error(Settings { secret_key: None, ..settings(Some(url)) });
        assert_eq!(wrong.variable(), "SECRET_KEY");
        assert!(wrong.to_string().contains("openssl rand"));
    }
}

#[test]
fn a_secret_key_that_is_too_short_or_has_blanks_is_refused() {
    let url = Some("sqlite://books.db");
    for secret in ["canary", "canary: only thirty-one bytes!!", " canary of more than thirty-two bytes", "canary\n"] {
        let wrong = error(Settings { secret_key: Some(secret.into()), ..settings(url) });
        assert_eq!(wrong.variable(), "SECRET_KEY");
        assert!(wrong.to_string().contains("openssl rand -hex 32") && !wrong.to_string().contains("canary"), "{wrong}");
    }
    for (url, secret) in [(url, "change-me-to-the-output-of-openssl-rand-hex-32"), (None, "change-me-key")] {
        let wrong = error(Settings { secret_key: Some(secret.into()), ..settings(url) });
        assert!(wrong.to_string().contains("the placeholder of .env.example"), "{wrong}");
    }
    Config::new(Settings { secret_key: Some("x".repeat(32)), ..settings(url) }).unwrap();
}

#[cfg(unix)]
#[test]
fn a_value_that_is_no_text_is_refused_where_it_is_read() {
    use std::os::unix::ffi::OsStringExt as _;

    let broken = || OsString::from_vec(b"canary\xff".to_vec());
    for name in ["SECRET_KEY", "BIND", "OTEL_SERVICE_NAME", "TRACED"] {
        let wrong = check_texts([(name.into(), broken())]).unwrap_err();
        assert_eq!(wrong.variable(), name);
        assert!(wrong.to_string().contains("UTF-8") && !wrong.to_string().contains("canary"), "{wrong}");
    }
    check_texts([("PS1".into(), broken()), ("BIND".into(), "localhost:1".into())]).unwrap();
}

#[test]
fn sqlite_urls_take_relative_and_absolute_paths() {
    assert_eq!(sqlite("sqlite://books.db"), PathBuf::from("books.db"));
    assert_eq!(sqlite("sqlite:///./books.db"), PathBuf::from("./books.db"));
    assert_eq!(sqlite("sqlite:///var/lib/books.db"), PathBuf::from("/var/lib/books.db"));
    assert_eq!(sqlite("sqlite:////var/lib/books.db"), PathBuf::from("/var/lib/books.db"));
}

#[test]
fn a_wrong_url_is_named_and_its_password_is_not_shown() {
    for url in [
        "postgres://ada:canary-password@host:notaport/books",
        "postgres://ada:canary-password@host/books?unknown=1",
        "mysql://ada:canary-password@host/books",
        "canary-password",
        "sqlite://",
        "sqlite://:memory:",
        "sqlite://canary.db?mode=ro",
    ] {
        let wrong = error(settings(Some(url)));
        assert_eq!(wrong.variable(), "DATABASE_URL", "{url}");
        assert!(!format!("{wrong} {wrong:?}").contains("canary"), "{wrong}");
        assert!(wrong.to_string().contains("postgres://USER:PASSWORD@HOST"), "{wrong}");
    }
    let wrong = error(Settings { redis_url: Some("redis://:canary@host/-1".into()), ..settings(None) });
    assert!(wrong.to_string().contains("database") && !wrong.to_string().contains("canary"), "{wrong}");
    let wrong = error(Settings { redis_url: Some("http://:canary-password@host".into()), ..settings(None) });
    assert_eq!(wrong.variable(), "REDIS_URL");
    assert!(!wrong.to_string().contains("canary"));
}

#[test]
fn a_description_shows_neither_user_nor_password() {
    let mut given = settings(Some("postgres://ada:canary-password@db.example:5433/books"));
    given.redis_url = Some("redis://ada:canary-password@cache.example:6380/0".into());
    let config = Config::new(given).unwrap();
    assert_eq!(config.database.describe(), "PostgreSQL, db.example:5433/books");
    assert_eq!(config.redis.as_ref().unwrap().describe(), "Redis, cache.example:6380");
    assert!(!format!("{config:?}").contains("canary"), "{config:?}");
}

#[test]
fn minutes_and_address_are_checked() {
    for minutes in ["0", "-5", "soon", "99999999999"] {
        let given = Settings { access_token_expire_minutes: Some(minutes.into()), ..settings(None) };
        assert_eq!(error(given).variable(), "ACCESS_TOKEN_EXPIRE_MINUTES");
    }
    for address in ["8000", "localhost", ":8000", "localhost:99999"] {
        assert_eq!(error(Settings { bind: Some(address.into()), ..settings(None) }).variable(), "BIND");
    }
    assert_eq!(Config::new(Settings { bind: Some("[::]:80".into()), ..settings(None) }).unwrap().bind, "[::]:80");
}

mod aliases {
    use super::super::otel::{check, described, standard};

    fn environment(pairs: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn the_guides_names_stand_for_the_standard_ones() {
        let given = environment(&[
            ("OTEL_ENABLED", "False"),
            ("OTEL_EXPORTER_ENDPOINT", "http://jaeger:4318/v1/traces"),
            ("OTEL_SAMPLING_RATE", "0.25"),
        ]);
        check(&given).unwrap();
        let value = |name| standard(&given, name);
        assert_eq!(value("OTEL_SDK_DISABLED").as_deref(), Some("true"));
        assert_eq!(value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").as_deref(), Some("http://jaeger:4318/v1/traces"));
        assert_eq!(value("OTEL_EXPORTER_OTLP_ENDPOINT"), None);
        assert_eq!(value("OTEL_TRACES_SAMPLER").as_deref(), Some("parentbased_traceidratio"));
        assert_eq!(value("OTEL_TRACES_SAMPLER_ARG").as_deref(), Some("0.25"));
        assert_eq!(value("OTEL_TRACES_EXPORTER"), None);
    }

    #[test]
    fn the_service_is_called_bookstore_api_unless_it_is_named() {
        let name = |pairs| standard(&environment(pairs), "OTEL_SERVICE_NAME");
        assert_eq!(name(&[]).as_deref(), Some("bookstore-api"));
        assert_eq!(name(&[("OTEL_SERVICE_NAME", "books")]).as_deref(), Some("books"));
        assert_eq!(name(&[("OTEL_RESOURCE_ATTRIBUTES", "a=b, service.name=books")]), None);
    }

    #[test]
    fn what_turns_the_traces_off_is_named_as_it_was_given_and_no_word_is_doubled() {
        let off = "traces go nowhere: OTEL_SDK_DISABLED is true";
        assert_eq!(described(off, &environment(&[("OTEL_ENABLED", "False")])), "nowhere: OTEL_ENABLED is False");
        assert_eq!(
            described(off, &environment(&[("OTEL_SDK_DISABLED", "true")])),
            "nowhere: OTEL_SDK_DISABLED is true"
        );
        let both = environment(&[("OTEL_SDK_DISABLED", "true"), ("OTEL_ENABLED", "false")]);
        assert_eq!(described(off, &both), "nowhere: OTEL_SDK_DISABLED is true");
        let on = environment(&[("OTEL_ENABLED", "true")]);
        assert_eq!(described("traces go to this terminal (stderr)", &on), "this terminal (stderr)");
    }

    #[test]
    fn the_standard_names_win() {
        let given = environment(&[
            ("OTEL_ENABLED", "false"),
            ("OTEL_SDK_DISABLED", "false"),
            ("OTEL_EXPORTER_ENDPOINT", "http://jaeger:4318/v1/traces"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
            ("OTEL_SAMPLING_RATE", "0.25"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
        ]);
        let value = |name| standard(&given, name);
        assert_eq!(value("OTEL_SDK_DISABLED").as_deref(), Some("false"));
        assert_eq!(value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), None);
        assert_eq!(value("OTEL_EXPORTER_OTLP_ENDPOINT").as_deref(), Some("http://collector:4318"));
        assert_eq!(value("OTEL_TRACES_SAMPLER").as_deref(), Some("always_on"));
        assert_eq!(value("OTEL_TRACES_SAMPLER_ARG"), None);
    }

    #[test]
    fn a_wrong_value_is_blamed_on_the_name_it_was_given_under() {
        let wrong = |pairs| check(&environment(pairs)).unwrap_err().variable().to_owned();
        assert_eq!(wrong(&[("OTEL_ENABLED", "maybe")]), "OTEL_ENABLED");
        assert_eq!(wrong(&[("OTEL_SAMPLING_RATE", "abc")]), "OTEL_SAMPLING_RATE");
        assert_eq!(wrong(&[("OTEL_SAMPLING_RATE", "1.5")]), "OTEL_SAMPLING_RATE");
        assert_eq!(wrong(&[("OTEL_SAMPLING_RATE", "NaN")]), "OTEL_SAMPLING_RATE");
        assert_eq!(wrong(&[("OTEL_EXPORTER_ENDPOINT", "jaeger:4318")]), "OTEL_EXPORTER_ENDPOINT");
    }
}

#[test]
fn the_format_of_log_lines_is_text_or_json() {
    let read = |value: Option<&'static str>| {
        super::otel::logs(&move |name| value.filter(|_| name == "LOG_FORMAT").map(str::to_owned))
    };
    assert!(read(None).is_ok() && read(Some("")).is_ok() && read(Some("json")).is_ok());
    assert_eq!(read(Some("xml")).unwrap_err().variable(), "LOG_FORMAT");
}
