use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use super::clock;

/// An authority of the tests, and certificates that it has issued, made once with openssl.
pub(crate) struct Pki {
    folder: tempfile::TempDir,
}

/// The authority.
pub(crate) fn pki() -> &'static Pki {
    static PKI: LazyLock<Pki> = LazyLock::new(Pki::make);
    super::needs("openssl");
    &PKI
}

impl Pki {
    fn make() -> Self {
        let pki = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        // The third has the name of the first.
        for (name, subject) in [
            ("ca", "CN=one"),
            ("other-ca", "CN=other"),
            ("same-ca", "CN=one"),
        ] {
            pki.self_signed(name, subject, &[]);
        }
        let here = "subjectAltName=DNS:localhost,IP:127.0.0.1";
        pki.self_signed("self", "CN=localhost", &["-addext", here]);
        let server = [
            "-addext",
            here,
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ];
        pki.self_signed("self-server", "CN=self-server", &server);
        pki.issue("good", here);
        // By the key of a certificate that is no authority.
        pki.sign("by-server", here, "+0", "self-server");
        pki.self_signed_at("old-server", "CN=old-server", &server, "-40d");
        // A client's certificate with an authority between it and the one that is trusted.
        pki.sign("between", "basicConstraints=critical,CA:TRUE", "+0", "ca");
        pki.sign("far-client", "extendedKeyUsage=clientAuth", "+0", "between");
        pki.self_signed_at("old-ca", "CN=old", &[], "-40d");
        pki.sign("by-old-ca", here, "+0", "old-ca");
        pki.issue("elsewhere", "subjectAltName=DNS:a.example,DNS:b.example");
        pki.issue("client", "extendedKeyUsage=clientAuth");
        // Of the first version, as openssl makes it of a request alone.
        pki.openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=v1 -keyout v1.key -out v1.csr");
        pki.openssl("x509 -req -in v1.csr -signkey v1.key -days 30 -out v1.pem");
        pki.sign("by-v1", here, "+0", "v1");
        pki.self_signed("namesake-ca", "CN=tests", &[]);
        pki.sign("namesake", here, "+0", "namesake-ca");
        // As it was made forty days ago, for thirty.
        pki.issue_at("expired", here, "-40d");
        pki.openssl("pkcs8 -topk8 -in client.key -passout pass:secret -out encrypted.key");
        pki
    }

    /// A file by its name: `good.pem` is a certificate and `good.key` its key.
    pub(crate) fn file(&self, name: &str) -> String {
        let path: PathBuf = self.folder.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    /// A web configuration of a Pushgateway with this certificate, as the flag for it.
    pub(crate) fn web_config(&self, folder: &Path, certificate: &str, more: &str) -> String {
        let file = folder.join("web.yml");
        let (certificate, key) = (
            self.file(&format!("{certificate}.pem")),
            self.file(&format!("{certificate}.key")),
        );
        let config =
            format!("tls_server_config:\n  cert_file: {certificate}\n  key_file: {key}\n{more}");
        std::fs::write(&file, config).unwrap();
        format!("--web.config.file={}", file.display())
    }

    fn self_signed(&self, name: &str, subject: &str, more: &[&str]) {
        self.self_signed_at(name, subject, more, "+0");
    }

    fn self_signed_at(&self, name: &str, subject: &str, more: &[&str], offset: &str) {
        let mut command =
            self.command("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30");
        command.args([
            "-keyout",
            &format!("{name}.key"),
            "-out",
            &format!("{name}.pem"),
        ]);
        command.args(["-subj", &format!("/{subject}")]).args(more);
        command
            .env("LD_PRELOAD", clock::library())
            .env("FAKETIME", offset);
        run(command);
    }

    fn issue(&self, name: &str, extension: &str) {
        self.issue_at(name, extension, "+0");
    }

    fn issue_at(&self, name: &str, extension: &str, offset: &str) {
        self.sign(name, extension, offset, "ca");
    }

    fn sign(&self, name: &str, extension: &str, offset: &str, authority: &str) {
        std::fs::write(self.file("extensions"), format!("{extension}\n")).unwrap();
        let mut request =
            self.command("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=tests");
        request.args(["-keyout", &format!("{name}.key"), "-out", "request"]);
        run(request);
        let mut sign = self.command("x509 -req -CAcreateserial -days 30");
        sign.args([
            "-CA",
            &format!("{authority}.pem"),
            "-CAkey",
            &format!("{authority}.key"),
        ]);
        sign.args([
            "-in",
            "request",
            "-extfile",
            "extensions",
            "-out",
            &format!("{name}.pem"),
        ]);
        sign.env("LD_PRELOAD", clock::library())
            .env("FAKETIME", offset);
        run(sign);
    }

    fn openssl(&self, line: &str) {
        run(self.command(line));
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("openssl");
        command
            .args(line.split(' '))
            .current_dir(self.folder.path());
        command
    }
}

#[track_caller]
fn run(mut command: Command) {
    let output = command
        .output()
        .expect("openssl is missing: tests/run installs it");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
