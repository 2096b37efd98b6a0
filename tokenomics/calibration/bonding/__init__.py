"""How the share of supply that holders bond follows its yield, from a recorded history."""
