import FoundationEssentials
import HTTPKit
import Kernel
import Postgres

/// What is asked for: how a channel of a type would put a made-up alert into words.
struct TemplatePreviewInput: Decodable, Sendable {
    static let events = AlertEvent.allCases.filter(\.isNotified).map(\.type) + [NotifiedStep.repeated]

    let type: String
    /// Nil for the default words.
    let template: TemplateInput?
    /// Nil for the first of ``events``.
    let event: String?

    /// - Throws: 422 with everything that is wrong.
    func checked() throws -> (kind: Channel.Kind, template: MessageTemplate?, event: String) {
        let kinds = Channel.Kind.allCases.map(\.rawValue)
        let event = event ?? Self.events[0]
        var check = Validation()
        check.require(kinds.contains(type), "type", "must be one of \(kinds.joined(separator: ", "))")
        check.require(Self.events.contains(event), "event", "must be one of \(Self.events.listed)")
        let template = template?.checked(&check, "template")
        guard check.errors.isEmpty, let kind = Channel.Kind(rawValue: type) else {
            throw Problem.invalid(check.errors)
        }
        return (kind, template, event)
    }
}

/// A message as its channel would get it.
struct TemplatePreviewDocument: Encodable {
    let subject: String
    let text: String
    /// With e-mail alone.
    let html: String?
    /// What would be posted, with all but e-mail.
    let payload: AnyJSON?
}

extension ChannelSender {
    /// - Throws: ``TemplateError``, `EncodingError`, `DecodingError`.
    func preview(
        _ kind: Channel.Kind, _ template: MessageTemplate?, event: String
    ) throws -> TemplatePreviewDocument {
        let sample = try JSONB(WebhookBody(type: event, data: SampleAlert(event: event))).bytes
        let message = OutgoingMessage(id: .v7(), steps: [sample], template: template, createdAt: .now)
        let words = try words(of: message, kind)
        let payload = try payload(of: message, kind).map { try JSONB(bytes: $0).decode(AnyJSON.self) }
        return TemplatePreviewDocument(
            subject: words.subject, text: kind == .email ? words.letterText : words.text,
            html: kind == .email ? words.letterPage : nil, payload: payload)
    }
}

/// An alert that never was, with what people forget to escape.
private struct SampleAlert: Encodable {
    let event: String

    enum CodingKeys: String, CodingKey {
        case id, severity, status, message, value, count
        case ruleName = "rule_name"
        case deviceID = "device_id"
        case deviceName = "device_name"
        case sensorType = "sensor_type"
        case lastValue = "last_value"
        case thresholdValue = "threshold_value"
        case triggeredAt = "triggered_at"
        case resolvedAt = "resolved_at"
    }

    private var status: AlertStatus {
        switch event {
        case AlertEvent.resolved.type: .resolved
        case AlertEvent.dismissed.type: .dismissed
        default: .active
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("01989f3e-7c00-7000-8000-000000000001", forKey: .id)
        try container.encode("Freezer too warm", forKey: .ruleName)
        try container.encode("01989f3e-7c00-7000-8000-000000000002", forKey: .deviceID)
        try container.encode("Freezer <2> & door", forKey: .deviceName)
        try container.encode("temperature", forKey: .sensorType)
        try container.encode(Severity.high, forKey: .severity)
        try container.encode(status, forKey: .status)
        try container.encode("temperature -12.5 is above -18", forKey: .message)
        try container.encode(-18, forKey: .thresholdValue)
        try container.encode(-12.5, forKey: .value)
        try container.encode(-11.8, forKey: .lastValue)
        try container.encode(3, forKey: .count)
        try container.encode("2026-01-05T08:30:00.000000Z", forKey: .triggeredAt)
        if status == .resolved { try container.encode("2026-01-05T09:10:00.000000Z", forKey: .resolvedAt) }
    }
}
