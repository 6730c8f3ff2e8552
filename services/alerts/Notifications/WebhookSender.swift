import FoundationEssentials
import HTTPTypes
import Kernel
import Outbound
import Postgres

/// Sends one delivery to a webhook and says how it went.
struct WebhookSender: Sendable {
    private let client: HTTPClient
    private let policy: AddressPolicy

    /// - Parameter allowsPrivateAddresses: Whether loopback, link-local and private addresses may be reached.
    init(client: HTTPClient, allowsPrivateAddresses: Bool) {
        self.client = client
        policy = allowsPrivateAddresses ? .any : .publicOnly
    }

    /// - Parameter id: The same at every attempt, so that the receiver can tell a repetition.
    func send(_ body: [UInt8], id: UUID, to target: WebhookTarget, at now: Timestamp = .now) async -> DeliveryOutcome {
        var request = HTTPClient.Request(method: .post, url: target.url, body: body)
        request.addressPolicy = policy
        request.maximumResponseBytes = 1 << 16
        request.headers = [
            .contentType: "application/json", .userAgent: "LMS-Core-Webhook/1", .deliveryID: id.text,
        ]
        if let secret = target.secret {
            let signature = WebhookSignature(
                secret: secret, body: body, secondsSince1970: now.microseconds / 1_000_000)
            request.headers[.timestamp] = signature.timestamp
            request.headers[.signature] = signature.value
        }
        do {
            let status = try await client.execute(request).status
            return status.kind == .successful ? .sent : .failed("the receiver answered \(status.code)")
        } catch TransferError.addressRefused(let address) {
            return .refused("the address \(address) is not public")
        } catch TransferError.invalidURL(let reason) {
            return .refused("the URL cannot be used: \(reason)")
        } catch {
            return .failed("\(error)")
        }
    }
}

extension HTTPField.Name {
    fileprivate static let deliveryID = known("LMS-Delivery-ID")
    fileprivate static let timestamp = known("LMS-Timestamp")
    fileprivate static let signature = known("LMS-Signature")

    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no field name") }
        return name
    }
}
