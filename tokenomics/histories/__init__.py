"""Reading what people have: prices, demand, burns; each file recognised by its content, and what
was taken for what said in a line.
"""
