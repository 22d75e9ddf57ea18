//! TLS, with the Pushgateway's own and certificates of all kinds: what is wrong is said in plain words.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use crate::support::{Finished, Pushgateway, pki, push_to, pushjob};

/// A gateway with this certificate.
struct Gateway {
    gateway: Pushgateway,
    _config: tempfile::TempDir,
}

impl Gateway {
    fn with(certificate: &str, more: &str) -> Self {
        let config = tempfile::tempdir().unwrap();
        let flag = pki().web_config(config.path(), certificate, more);
        Self {
            gateway: Pushgateway::start_with(&[&flag]),
            _config: config,
        }
    }

    fn url(&self) -> String {
        format!("https://{}", self.gateway.address())
    }

    fn push(&self, args: &[&str]) -> Finished {
        push(&self.url(), args)
    }
}

/// A push of one gauge to this URL.
fn push(url: &str, args: &[&str]) -> Finished {
    push_to(url).args(args).run()
}

/// The error of a push says this and nothing else.
#[track_caller]
fn fails(gateway: &Gateway, args: &[&str], reason: &str) {
    let url = gateway.url();
    gateway.push(args).exits(1).says(&format!(
        "pushjob: cannot push: {url}/metrics/job/j: {reason}\n"
    ));
}

/// It could not even begin, for a mistake in a flag or file.
#[track_caller]
fn refuses(args: &[&str], message: &str) {
    push("https://127.0.0.1:1", args)
        .exits(2)
        .says(&format!("pushjob: {message}\n"));
}

fn ca() -> String {
    pki().file("ca.pem")
}

#[test]
fn a_certificate_is_taken_from_an_authority_that_is_trusted() {
    let gateway = Gateway::with("good", "");
    let port = gateway.gateway.address().rsplit_once(':').unwrap().1;
    gateway.push(&["--tls-ca-file", &ca()]).exits(0).says("");
    push(
        &format!("https://localhost:{port}"),
        &["--tls-ca-file", &ca()],
    )
    .exits(0)
    .says("");
    gateway
        .push(&["--tls-insecure-skip-verify"])
        .exits(0)
        .says("");
    let unknown = "its certificate is not trusted: it, or the CA that has issued it, can be named with --tls-ca-file";
    fails(&gateway, &[], unknown);
    let other = pki().file("other-ca.pem");
    fails(&gateway, &["--tls-ca-file", &other], unknown);
    let same_name = pki().file("same-ca.pem");
    let reason = "its certificate has a wrong signature: another authority of the trusted one's name has made it, or the server does not own it";
    fails(&gateway, &["--tls-ca-file", &same_name], reason);
    // The authorities of the system, of which the environment can make others.
    push_to(gateway.url())
        .env("SSL_CERT_FILE", ca())
        .run()
        .exits(0)
        .says("");
    // Where there are none, it is the built-in ones.
    push_to(gateway.url())
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent")
        .run()
        .exits(1)
        .says_one_line_with(
            "is not trusted: it, or the CA that has issued it, can be named with --tls-ca-file",
        );
}

#[test]
fn a_run_is_reported_in_tls_with_settings_from_the_environment() {
    let gateway = Gateway::with("good", "");
    let run = |name: &str, value: &str| {
        pushjob(["run", "--job", "j", "--gateway", &gateway.url()])
            .env(name, value)
            .args(["-v", "--heartbeat", "100ms"])
            .script("echo ran; sleep 0.3")
            .run()
    };
    for (name, value) in [
        ("PUSHJOB_TLS_CA_FILE", ca().as_str()),
        ("PUSHJOB_TLS_INSECURE_SKIP_VERIFY", "true"),
    ] {
        let finished = run(name, value);
        finished.exits(0).prints("ran\n");
        let said = finished.stderr.lines().last().unwrap();
        assert!(
            said.starts_with("pushjob: j: delivered to https://"),
            "{finished}"
        );
        assert_eq!(finished.stderr.lines().count(), 2, "{finished}");
    }
}

#[test]
fn a_certificate_for_another_name_or_time_is_refused() {
    let args = ["--tls-ca-file", &ca()];
    let elsewhere = Gateway::with("elsewhere", "");
    let reason = "its certificate is for a.example, b.example, not for 127.0.0.1";
    fails(&elsewhere, &args, reason);
    elsewhere.push(&["--tls-insecure-skip-verify"]).exits(0);
    let expired = Gateway::with("expired", "");
    fails(&expired, &args, "its certificate has expired, 10 d ago");
}

#[test]
fn a_self_signed_certificate_is_taken_where_the_file_names_it() {
    let gateway = Gateway::with("self", "");
    let itself = pki().file("self.pem");
    gateway.push(&["--tls-ca-file", &itself]).exits(0).says("");
    let reason = "its certificate is not trusted: it is self-signed or that of a CA, and can be named with --tls-ca-file";
    fails(&gateway, &["--tls-ca-file", &ca()], reason);
    fails(&gateway, &[], reason);
}

#[test]
fn a_certificate_in_the_file_vouches_for_no_more_than_it_may() {
    // That of a server vouches for itself, and not for what its key has signed.
    let file = pki().file("self-server.pem");
    let itself = Gateway::with("self-server", "");
    itself.push(&["--tls-ca-file", &file]).exits(0).says("");
    let by_it = Gateway::with("by-server", "");
    let unknown = "its certificate is not trusted: it, or the CA that has issued it, can be named with --tls-ca-file";
    fails(&by_it, &["--tls-ca-file", &file], unknown);
    // One that was signed by an authority is taken by itself, too; another of that authority is not.
    let good = pki().file("good.pem");
    Gateway::with("good", "")
        .push(&["--tls-ca-file", &good])
        .exits(0)
        .says("");
    fails(
        &Gateway::with("elsewhere", ""),
        &["--tls-ca-file", &good],
        unknown,
    );
    let elsewhere = pki().file("elsewhere.pem");
    fails(
        &Gateway::with("elsewhere", ""),
        &["--tls-ca-file", &elsewhere],
        "its certificate is for a.example, b.example, not for 127.0.0.1",
    );
    // The time of what a server has made for itself has an end, also beside one that is good.
    let both = tempfile::NamedTempFile::new().unwrap();
    let files = [ca(), pki().file("old-server.pem")];
    let content = files.map(|file| std::fs::read_to_string(file).unwrap());
    std::fs::write(&both, content.concat()).unwrap();
    fails(
        &Gateway::with("old-server", ""),
        &["--tls-ca-file", both.path().to_str().unwrap()],
        "its certificate has expired, 10 d ago",
    );
    // That of an authority has, too.
    let old = pki().file("old-ca.pem");
    refuses(
        &["--tls-ca-file", &old],
        &format!("--tls-ca-file: CA file {old}: certificate 1 in it has expired, 10 d ago"),
    );
    let both = tempfile::NamedTempFile::new().unwrap();
    let content = [&old, &ca()].map(|file| std::fs::read_to_string(file).unwrap());
    std::fs::write(&both, content.concat()).unwrap();
    let both = both.path().to_str().unwrap();
    // One that has had its time takes nothing from the others, of servers too.
    let rotated = tempfile::NamedTempFile::new().unwrap();
    let files = ["old-server.pem", "self-server.pem"].map(|name| pki().file(name));
    let content = files.map(|file| std::fs::read_to_string(file).unwrap());
    std::fs::write(&rotated, content.concat()).unwrap();
    itself
        .push(&["--tls-ca-file", rotated.path().to_str().unwrap()])
        .exits(0)
        .says("");
    // An authority of the first version of certificates, and a server with the name of its authority.
    let v1 = Gateway::with("by-v1", "");
    v1.push(&["--tls-ca-file", &pki().file("v1.pem")])
        .exits(0)
        .says("");
    let namesake = Gateway::with("namesake", "");
    let file = pki().file("namesake.pem");
    namesake.push(&["--tls-ca-file", &file]).exits(0).says("");
    fails(
        &Gateway::with("by-old-ca", ""),
        &["--tls-ca-file", both],
        unknown,
    );
    Gateway::with("good", "")
        .push(&["--tls-ca-file", both])
        .exits(0)
        .says("");
}

#[test]
fn a_client_certificate_is_shown_where_it_is_asked_for() {
    let asks = format!(
        "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: {}\n",
        ca()
    );
    let gateway = Gateway::with("good", &asks);
    let with = |certificate: &str, key: &str| {
        let (certificate, key) = (pki().file(certificate), pki().file(key));
        gateway.push(&[
            "--tls-ca-file",
            &ca(),
            "--tls-cert-file",
            &certificate,
            "--tls-key-file",
            &key,
        ])
    };
    with("client.pem", "client.key").exits(0).says("");
    let refused = "it refuses our client certificate, or asks for one (BadCertificate)";
    fails(&gateway, &["--tls-ca-file", &ca()], refused);
    // From another authority than the one it trusts.
    with("self.pem", "self.key")
        .exits(1)
        .says_one_line_with(refused);
}

#[test]
fn a_client_certificate_is_shown_with_its_chain() {
    let asks = format!(
        "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: {}\n",
        ca()
    );
    let gateway = Gateway::with("good", &asks);
    let chain = tempfile::NamedTempFile::new().unwrap();
    let parts = ["far-client.pem", "between.pem"]
        .map(|name| std::fs::read_to_string(pki().file(name)).unwrap());
    std::fs::write(&chain, parts.concat()).unwrap();
    let key = pki().file("far-client.key");
    let args = [
        "--tls-ca-file",
        &ca(),
        "--tls-key-file",
        &key,
        "--tls-cert-file",
    ];
    let push = |certificate: &str| gateway.push(&[&args[..], &[certificate]].concat());
    push(chain.path().to_str().unwrap()).exits(0).says("");
    push(&pki().file("far-client.pem")).exits(1);
}

/// Shows a certificate without having its key.
#[derive(Debug)]
struct Impostor(Arc<rustls::sign::CertifiedKey>);

impl rustls::server::ResolvesServerCert for Impostor {
    fn resolve(
        &self,
        _: rustls::server::ClientHello<'_>,
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

#[test]
fn a_server_has_to_own_its_certificate_even_where_any_is_taken() {
    use rustls::pki_types::pem::PemObject;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate =
        rustls::pki_types::CertificateDer::from_pem_file(pki().file("good.pem")).unwrap();
    let other_key =
        rustls::pki_types::PrivateKeyDer::from_pem_file(pki().file("self.key")).unwrap();
    let key = provider.key_provider.load_private_key(other_key).unwrap();
    let shown = Arc::new(rustls::sign::CertifiedKey::new(vec![certificate], key));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for args in [
            &["--tls-insecure-skip-verify"][..],
            &["--tls-ca-file", &ca()],
        ] {
            let config = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
                .with_protocol_versions(&[version])
                .unwrap()
                .with_no_client_auth()
                .with_cert_resolver(Arc::new(Impostor(Arc::clone(&shown))));
            let mut connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("https://{}", listener.local_addr().unwrap());
            let server = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                // The client breaks it off.
                let _ = connection.complete_io(&mut stream);
                connection.is_handshaking()
            });
            push(&url, args)
                .exits(1)
                .says_one_line_with("its certificate has a wrong signature: ");
            server.join().unwrap();
        }
    }
}

#[test]
fn a_server_without_tls_and_one_with_it_are_told_apart() {
    let plain = Pushgateway::start();
    push(&format!("https://{}", plain.address()), &[])
        .exits(1)
        .says_one_line_with("it does not speak TLS on this port: is it http:// there?\n");
    let gateway = Gateway::with("good", "");
    push(gateway.gateway.address(), &[])
        .exits(1)
        .says_one_line_with(" answered 400: Client sent an HTTP request to an HTTPS server.\n");
    let old = Gateway::with("good", "  min_version: TLS10\n  max_version: TLS11\n");
    let reason = "it speaks no version or cipher of TLS that is safe to use (ProtocolVersion)";
    fails(&old, &["--tls-ca-file", &ca()], reason);
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_flag() {
    let file = |name: &str| pki().file(name);
    let (client, key) = (file("client.pem"), file("client.key"));
    for (ca, message) in [
        (
            "/nonexistent".to_owned(),
            "cannot read CA file /nonexistent: No such file or directory (os error 2)".to_owned(),
        ),
        ("/".to_owned(), "CA file / is not a regular file".to_owned()),
        (
            key.clone(),
            format!("CA file {key}: it holds no certificate in PEM form"),
        ),
    ] {
        refuses(
            &["--tls-ca-file", &ca],
            &format!("--tls-ca-file: {message}"),
        );
    }
    for (certificate, key, message) in [
        (
            client.clone(),
            file("good.key"),
            format!(
                "--tls-cert-file: certificate file {client} and key file {}: the key does not belong to \
                 the certificate",
                file("good.key")
            ),
        ),
        (
            client.clone(),
            file("encrypted.key"),
            format!(
                "--tls-key-file: key file {}: its key is encrypted: it has to be stored without a passphrase",
                file("encrypted.key")
            ),
        ),
        (
            client.clone(),
            client.clone(),
            format!("--tls-key-file: key file {client}: it holds no private key in PEM form"),
        ),
        (
            key.clone(),
            key.clone(),
            format!("--tls-cert-file: certificate file {key}: it holds no certificate in PEM form"),
        ),
    ] {
        refuses(
            &["--tls-cert-file", &certificate, "--tls-key-file", &key],
            &message,
        );
    }
    refuses(
        &["--tls-cert-file", &client],
        "--tls-cert-file: there is no key to go with it: set --tls-key-file",
    );
    refuses(
        &["--tls-key-file", &key],
        "--tls-key-file: there is no certificate to go with it: set --tls-cert-file",
    );
    // Where there is no TLS they are not needed, unless it is asked for certain.
    let plain = Pushgateway::start();
    let run = |args: &[&str]| {
        pushjob(["run", "--job", "j", "--gateway", plain.address()])
            .args(args)
            .env("PUSHJOB_TLS_CA_FILE", "/")
            .job(["true"])
            .run()
    };
    run(&[]).exits(0).says("");
    run(&["--strict"])
        .exits(125)
        .says_one_line_with("CA file / is not a regular file");
    // For a run it is trouble with monitoring.
    pushjob(["run", "--job", "j", "--gateway", "https://127.0.0.1:1"])
        .env("PUSHJOB_TLS_CA_FILE", "/")
        .job(["echo", "ran"])
        .run()
        .exits(0)
        .prints("ran\n")
        .says("pushjob: j: cannot push: PUSHJOB_TLS_CA_FILE: CA file / is not a regular file\n");
}
