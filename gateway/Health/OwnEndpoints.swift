import Foundation
import NIOCore

/// What the gateway answers itself, by the names that its file uses.
enum OwnEndpoint: String, Sendable, CaseIterable {
    /// That the gateway runs.
    case alive
    /// How every service is.
    case health
    case version
    case metrics
    case openAPI = "openapi"
    case docs
    case docsStyle = "docs-style"
    case docsScript = "docs-script"
    /// For the operators' listener: that requests can be taken.
    case ready
    /// For the operators' listener: the counts as Prometheus text.
    case prometheus
}

/// Answers the requests that no service is asked for.
final class OwnEndpoints: Sendable {
    private let health: HealthBoard
    private let metrics: GatewayMetrics
    private let exposition: @Sendable () -> String
    private let document: OpenAPIDocument
    private let page: DocsPage

    /// - Parameter exposition: all metrics as Prometheus text.
    init(
        health: HealthBoard, metrics: GatewayMetrics, exposition: @escaping @Sendable () -> String,
        document: OpenAPIDocument, page: DocsPage
    ) {
        self.health = health
        self.metrics = metrics
        self.exposition = exposition
        self.document = document
        self.page = page
    }

    func answer(_ endpoint: OwnEndpoint, by generation: Generation) -> LocalResponse {
        switch endpoint {
        case .alive: .json(#"{"status":"up"}"#)
        case .ready: health.isReady ? .json(#"{"status":"up"}"#) : .json(#"{"status":"down"}"#, status: 503)
        case .health: health.response
        case .version: .json(GatewayVersion.json(generation))
        case .metrics: .json(MetricsReport.json(metrics.total, names: generation.configuration.upstreams.map(\.name)))
        case .prometheus:
            LocalResponse(contentType: "text/plain; version=0.0.4", body: ByteBuffer(string: exposition()))
        case .openAPI: document.response
        case .docs: page.html
        case .docsStyle: page.style
        case .docsScript: page.script
        }
    }
}

extension LocalResponse {
    /// A JSON text that must not be cached.
    static func json(_ text: String, status: Int = 200) -> LocalResponse {
        LocalResponse(
            status: status, contentType: "application/json", fields: [("Cache-Control", "no-store")],
            body: ByteBuffer(string: text))
    }
}

enum GatewayVersion {
    static let current = "1.0.0"

    /// What runs, and with which reading of its file: `configuration` counts them from 1.
    static func json(_ generation: Generation) -> String {
        let loaded = generation.loaded.formatted(.iso8601)
        return #"{"name":"lms-gateway","version":"\#(current)","configuration":\#(generation.number),"#
            + #""configuration_loaded_at":"\#(loaded)"}"#
    }
}
