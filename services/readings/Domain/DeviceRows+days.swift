extension [DeviceRows] {
    /// The days that there are rows of, in order.
    var days: [Int64] {
        var days: Set<Int64> = []
        for rows in self {
            for time in rows.times { days.insert(UTCDay.of(time)) }
        }
        return days.sorted()
    }

    /// The rows in parts of at most so many days each, oldest first, in their order within each part. The same reading
    /// twice is in the same part, so that what the parts count adds up.
    func parts(ofDays maximum: Int) -> [[DeviceRows]] {
        let days = days
        guard days.count > maximum else { return [self] }
        var parts = [[DeviceRows]](repeating: [], count: (days.count + maximum - 1) / maximum)
        var places: [Int64: Int] = [:]
        for (index, day) in days.enumerated() { places[day] = index / maximum }
        for rows in self {
            for (place, part) in rows.parts(parts.count, places).enumerated() where part.count > 0 {
                parts[place].append(part)
            }
        }
        return parts
    }
}

extension DeviceRows {
    /// - Parameter places: The part that each day belongs to.
    fileprivate func parts(_ count: Int, _ places: [Int64: Int]) -> [DeviceRows] {
        var parts = [DeviceRows](
            repeating: DeviceRows(organizationID: organizationID, deviceID: deviceID, sensors: sensors), count: count)
        for row in 0..<self.count {
            guard let part = places[UTCDay.of(times[row])] else { continue }
            parts[part].append(row, of: self)
        }
        return parts
    }

    private mutating func append(_ row: Int, of rows: DeviceRows) {
        if row < rows.listed { listed += 1 }
        if let text = rows.texts[row] { texts[count] = text }
        if let attributes = rows.attributes[row] { self.attributes[count] = attributes }
        sensor.append(rows.sensor[row])
        values.append(rows.values[row])
        qualities.append(rows.qualities[row])
        times.append(rows.times[row])
    }
}
