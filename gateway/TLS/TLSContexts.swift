import Foundation
import NIOSSL
import Synchronization

/// What new TLS connections are made with: one context for all event loops, which another one follows when the
/// certificate is renewed.
///
/// BoringSSL encrypts session tickets with keys that belong to the context and that it changes by itself every two days,
/// so that a client may resume its session on any event loop for as long as the certificate stays.
final class TLSContexts: Sendable {
    private struct State {
        var context: NIOSSLContext
        /// The files that were read last, whether or not they could be used.
        var versions: [FileVersion?]
    }

    let settings: GatewayConfiguration.TLS
    private let state: Mutex<State>

    /// - Throws: ``TLSError``.
    init(_ settings: GatewayConfiguration.TLS) throws(TLSError) {
        self.settings = settings
        let versions = Self.versions(settings)
        state = Mutex(State(context: try Self.load(settings), versions: versions))
    }

    /// What connections accepted now are made with.
    var current: NIOSSLContext { state.withLock { $0.context } }

    /// Reads the files again if they are others than last time. Open connections stay as they are.
    ///
    /// It reads files, and so has no business on an event loop.
    ///
    /// - Returns: whether they are.
    /// - Throws: ``TLSError``; what was read before stays in use.
    func reloadIfChanged() throws(TLSError) -> Bool {
        let versions = Self.versions(settings)
        guard versions != state.withLock({ $0.versions }) else { return false }
        state.withLock { $0.versions = versions }
        let fresh = try Self.load(settings)
        state.withLock { $0.context = fresh }
        return true
    }

    private static func versions(_ settings: GatewayConfiguration.TLS) -> [FileVersion?] {
        [FileVersion(settings.certificate), FileVersion(settings.key)]
    }

    /// Reads and checks the files.
    static func load(_ settings: GatewayConfiguration.TLS) throws(TLSError) -> NIOSSLContext {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMBytes(read(settings.certificate))
        } catch let error as TLSError {
            throw error
        } catch {
            throw TLSError(message: "'\(settings.certificate)' is not a certificate in PEM form")
        }
        guard !chain.isEmpty else { throw TLSError(message: "'\(settings.certificate)' holds no certificate") }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(bytes: read(settings.key), format: .pem)
        } catch let error as TLSError {
            throw error
        } catch {
            throw TLSError(message: "'\(settings.key)' is not a private key in PEM form and without a passphrase")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = settings.minimumVersion
        // Of TLS 1.2 only what is forward-secret and authenticated (RFC 7525 §4.2, RFC 9113 §9.2.2).
        configuration.cipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20"
        configuration.applicationProtocols = ["h2", "http/1.1"]
        configuration.shutdownTimeout = .seconds(2)
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSError(
                message: "the key in '\(settings.key)' is not that of the certificate in '\(settings.certificate)'")
        }
    }

    private static func read(_ path: String) throws(TLSError) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw TLSError(message: "'\(path)' cannot be read")
        }
    }
}

/// What is wrong with a certificate or its key.
struct TLSError: Error, Equatable, CustomStringConvertible {
    let message: String
    var description: String { message }
}
