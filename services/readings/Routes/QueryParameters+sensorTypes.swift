import HTTPKit

extension QueryParameters {
    /// `sensor_type`, given repeatedly or separated by commas.
    ///
    /// Sensors are named by their devices, in any text. A comma of a name is written `\,`, and a backslash before a comma or
    /// a backslash `\\`; any other backslash is itself.
    var sensorTypes: [String] {
        all.filter { $0.name == "sensor_type" }.flatMap { Self.names(in: $0.value) }
    }

    private static func names(in list: String) -> [String] {
        var names: [String] = []
        var name = ""
        var isEscaped = false
        for character in list {
            if isEscaped {
                name += character == "," || character == "\\" ? "\(character)" : "\\\(character)"
                isEscaped = false
            } else if character == "," {
                names.append(name)
                name = ""
            } else if character == "\\" {
                isEscaped = true
            } else {
                name.append(character)
            }
        }
        names.append(isEscaped ? name + "\\" : name)
        return names.map(\.trimmed).filter { !$0.isEmpty }
    }
}
