PEOPLE = ("owner", "admin", "staff", "viewer", "stranger", "nobody", "support")
TABLE = """
"""
