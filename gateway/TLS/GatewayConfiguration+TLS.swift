import NIOSSL

extension GatewayConfiguration {
    /// Where TLS is ended, and with what.
    struct TLS: Sendable, Equatable {
        var listener: Listener
        /// A PEM file: the certificate, then those by which it was signed.
        var certificate: String
        /// A PEM file.
        var key: String
        var minimumVersion = TLSVersion.tlsv12
        /// Requests that one HTTP/2 connection may have under way.
        var streams = 100
        /// How often the files are looked at.
        var reloadInterval = Duration.seconds(5)
        /// The port, as clients know it, to which those are sent on who come without TLS; nil serves them.
        var redirectPort: Int?
    }
}

extension GatewayConfiguration.TLS {
    /// Reads the section `tls` of `listen`; nil where it names no certificate.
    ///
    /// - Throws: `GatewayFileError`, for files that cannot be used, too.
    init?(_ setting: FileValue, host: String) throws(GatewayFileError) {
        let members = try setting.members(of: [
            "certificate", "key", "host", "port", "minimum_version", "streams", "reload_interval", "redirect",
        ])
        guard let certificate = members["certificate"], let key = members["key"], let port = members["port"] else {
            throw setting.error("TLS needs 'certificate', 'key' and 'port'")
        }
        let files = (certificate: try certificate.string(), key: try key.string())
        if files.certificate.isEmpty, files.key.isEmpty { return nil }
        guard !files.certificate.isEmpty else { throw certificate.error("there is a key without a certificate") }
        guard !files.key.isEmpty else { throw key.error("there is a certificate without a key") }
        self.init(
            listener: .init(host: try members["host"]?.string() ?? host, port: try port.int(in: 0...65535)),
            certificate: files.certificate, key: files.key)
        if let value = members["minimum_version"] { minimumVersion = try value.tlsVersion() }
        if let value = members["streams"] { streams = try value.int(in: 1...10_000) }
        if let value = members["reload_interval"] { reloadInterval = Duration(try value.duration()) }
        if let value = members["redirect"], try !value.string().isEmpty { redirectPort = try value.int(in: 1...65535) }
        do {
            _ = try TLSContexts.load(self)
        } catch {
            throw certificate.error(error.message)
        }
    }
}

extension FileValue {
    fileprivate func tlsVersion() throws(GatewayFileError) -> TLSVersion {
        switch try string() {
        case "1.2": return .tlsv12
        case "1.3": return .tlsv13
        case let text: throw error("'\(text)' is neither 1.2 nor 1.3")
        }
    }
}
