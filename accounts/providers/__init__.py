"""How to talk to the providers: pure code, no Django, no settings, no clock.

It stands under accounts because an instance is an account at a provider, and all three apps need it.
"""
