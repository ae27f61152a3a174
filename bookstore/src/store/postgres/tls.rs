//! TLS to PostgreSQL.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::OpenError;

/// Who is taken for the server. Only with a mode that asks for TLS: see [`Server`](super::Server).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trust {
    /// Whoever answers: what is sent can't be read on its way, unless somebody stands in it.
    Anybody,
    /// Who has a certificate that this file's roots have signed.
    SignedBy(PathBuf),
    /// The same, if it is one for the server's name.
    NamedBy(PathBuf),
    /// Who has a certificate for the server's name that the operating system believes.
    System,
}

impl Trust {
    /// What makes the connections' TLS.
    ///
    /// # Errors
    ///
    /// When a file of roots can't be read.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, OpenError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = || {
            ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()
                .map_err(|_| OpenError::new("TLS can't be set up", "Leave sslmode out, or set it to disable"))
        };
        let unnamed = |roots: Option<Arc<WebPkiServerVerifier>>| {
            let verifier = Arc::new(Unnamed { roots, provider: Arc::clone(&provider) });
            Ok::<_, OpenError>(builder()?.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
        };
        let config = match self {
            Self::Anybody => unnamed(None)?,
            Self::SignedBy(file) => {
                let verifier = WebPkiServerVerifier::builder_with_provider(roots(file)?, Arc::clone(&provider));
                unnamed(Some(verifier.build().map_err(|_| no_roots(file))?))?
            }
            Self::NamedBy(file) => builder()?.with_root_certificates(roots(file)?).with_no_client_auth(),
            Self::System => builder()?
                .with_platform_verifier()
                .map_err(|_| {
                    OpenError::new(
                        "sslmode=verify-full needs root certificates, and the operating system has none",
                        "Name a file of them, sslrootcert=FILE, or install them (ca-certificates)",
                    )
                })?
                .with_no_client_auth(),
        };
        Ok(MakeRustlsConnect::new(config))
    }
}

fn roots(file: &Path) -> Result<Arc<RootCertStore>, OpenError> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(file).map_err(|_| no_roots(file))?;
    for certificate in certificates {
        roots.add(certificate.map_err(|_| no_roots(file))?).map_err(|_| no_roots(file))?;
    }
    if roots.is_empty() { Err(no_roots(file)) } else { Ok(Arc::new(roots)) }
}

fn no_roots(file: &Path) -> OpenError {
    let problem = format!("sslrootcert={} is no readable file of certificates", file.display());
    OpenError::new(problem, "Name a PEM file (-----BEGIN CERTIFICATE-----)")
}

/// Believes a certificate for whatever name, if `roots` have signed it, or any at all.
#[derive(Debug)]
struct Unnamed {
    roots: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Unnamed {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(roots) = &self.roots else { return Ok(ServerCertVerified::assertion()) };
        match roots.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // The name is looked at last: all else is right.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
