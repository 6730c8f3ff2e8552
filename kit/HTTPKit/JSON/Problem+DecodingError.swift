import Foundation

extension Problem {
    /// 422 with the field at fault; that the text is JSON has been seen before.
    init(_ error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            self = .invalid((context.codingPath + [key]).fieldPath, "is required")
        case .valueNotFound(_, let context):
            self = .invalid(context.codingPath.fieldPath, "must not be null")
        case .typeMismatch(let type, let context):
            self = .invalid(context.codingPath.fieldPath, "must be \(Self.words(for: type))")
        case .dataCorrupted(let context):
            self = .invalid(context.codingPath.fieldPath, Self.message(for: context))
        @unknown default:
            self = .invalid("", "is invalid")
        }
    }

    private static func words(for type: Any.Type) -> String {
        switch type {
        case is String.Type: "text"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is UUID.Type: "a UUID"
        case is any Collection.Type: type is any DictionaryType.Type ? "an object" : "a list"
        default: "an object"
        }
    }

    /// The standard library's own messages name Swift types; those of our types say what the field must be.
    private static func message(for context: DecodingError.Context) -> String {
        let text = context.debugDescription
        if text.contains("UUID") { return "must be a UUID" }
        if text.hasPrefix("Cannot initialize") { return "is not one of the allowed values" }
        // What Foundation says, without a path, of a number that does not fit the type it is read as.
        if text.contains("not valid JSON") { return "holds a number that is not whole or out of range" }
        return text
    }
}

private protocol DictionaryType {}

extension Dictionary: DictionaryType {}

extension [any CodingKey] {
    /// `readings[3].value`.
    var fieldPath: String {
        var path = ""
        for key in self {
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        return path
    }
}
