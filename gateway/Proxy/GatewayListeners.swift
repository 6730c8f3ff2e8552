import NIOCore

/// All on which a gateway listens.
struct GatewayListeners: Sendable {
    /// Those of clients, the ones without TLS first.
    private(set) var clients: [Listener] = []
    private(set) var admin: [Listener] = []
    private(set) var port = 0
    private(set) var adminPort = 0
    /// Nil where there is no TLS.
    private(set) var tlsPort: Int?

    var all: [Listener] { clients + admin }

    /// Opens all, or none.
    ///
    /// - Parameter inherited: the sockets of a gateway that this one follows; they stay with the caller.
    /// - Throws: ``CannotListen``.
    init(
        _ configuration: GatewayConfiguration, _ contexts: TLSContexts?, _ workers: [NIOLoopBound<Worker>],
        inherited: [ListeningSocket]
    ) async throws {
        do {
            clients = try await Listeners.open(
                configuration.listener, workers: workers, site: .open, inherited: inherited)
            port = clients[0].port
            if let contexts {
                let secure = try await Listeners.open(
                    contexts.settings.listener, workers: workers, site: .secure, tls: contexts, inherited: inherited)
                tlsPort = secure[0].port
                clients += secure
            }
            admin = try await Listeners.open(
                configuration.admin, workers: [workers[0]], site: .operators, inherited: inherited)
            adminPort = admin[0].port
        } catch {
            await close()
            throw error
        }
    }

    func close() async {
        for listener in all { await listener.close() }
    }
}
